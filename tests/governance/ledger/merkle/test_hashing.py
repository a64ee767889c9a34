"""Roots and leaf hashes against published values."""

import base64

import pytest

from governance.ledger.merkle.hashing import leaf_hash, root_of

# Leaves and roots of the test vectors of Certificate Transparency (transparency-dev/merkle, ``testonly``).
LEAVES = [
    *(b"", b"\x00", b"\x10", bytes.fromhex("2021"), bytes.fromhex("3031"), bytes.fromhex("40414243")),
    *(bytes(range(0x50, 0x58)), bytes(range(0x60, 0x70))),
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize(("size", "root"), list(enumerate(ROOTS)))
def test_roots_of_certificate_transparency_are_met(size: int, root: str) -> None:
    assert root_of([leaf_hash(leaf) for leaf in LEAVES[:size]]).hex() == root


def test_a_leaf_hashes_as_in_go() -> None:
    """golang.org/x/mod/sumdb/tlog, ``TestTree``."""
    assert base64.b64encode(leaf_hash(b"hello world")) == b"TszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0="
