"""Telling people: the catalogue of messages, what each account was told, and how it left the house."""
