"""What is secret, and taking it out of text; nothing else knows how secrets look."""

from qlty.masking._masker import Masker
from qlty.masking._names import holds_secret, is_secret_name
from qlty.masking._process import (
    current_masker,
    known_secrets,
    mask,
    mask_json,
    mask_setting,
    remember,
)
from qlty.masking._shapes import MASK

__all__ = [
    "MASK",
    "Masker",
    "current_masker",
    "holds_secret",
    "is_secret_name",
    "known_secrets",
    "mask",
    "mask_json",
    "mask_setting",
    "remember",
]
