"""What a file really is, found by looking inside, and the file as it is kept. Pure: bytes in, bytes out.

Taken are JPEG, PNG, GIF, WebP and HEIC pictures, PDF, Word (docx), Excel (xlsx), CSV, plain text and contact cards.
Pictures are drawn anew and Office files are packed anew, so that nothing hidden in or behind the original survives.
A PDF is kept as it is or refused. What hides deeper is for a virus scanner to find.
"""

from domain.file_contents.base import LARGEST, MEGABYTES, Looked
from domain.file_contents.looking import look
from domain.file_contents.rasters import shrunk

__all__ = ["LARGEST", "MEGABYTES", "Looked", "look", "shrunk"]
