"""The mark of errors that another attempt may not meet."""


class Transient(Exception):
    """Mixed into a refusal that time may cure, such as a collision with somebody else's change.

    A task that ends with any other refusal is not tried again: the answer would be the same.
    """
