"""What an uploaded file really is: decided by decoding it, never by its name or declared type."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageOps

from api.media.errors import ImageTooLarge, UnsupportedImage

# Decoded, an image of this size takes 100 MB at most.
MOST_PIXELS: Final = 25_000_000
MOST_PICTURES: Final = 300  # of an animation
_TYPES: Final = {
    "JPEG": ("image/jpeg", "jpg"),
    "PNG": ("image/png", "png"),
    "WEBP": ("image/webp", "webp"),
    "GIF": ("image/gif", "gif"),
}
EXTENSIONS: Final = tuple(extension for _, extension in _TYPES.values())
_JPEG_QUALITY: Final = 90


@dataclass(frozen=True)
class CheckedImage:
    """An image that decodes, and what it is."""

    content: bytes
    content_type: str
    extension: str
    width_pixels: int
    height_pixels: int


def check_image(content: bytes, *, is_cleaned: bool) -> CheckedImage:
    """Decode an image and return it; ``is_cleaned`` writes it anew, without where and by whom it was taken.

    Sizes are read from the header and refused before any pixel is decoded.

    Raises
    ------
    UnsupportedImage
        If it is no whole JPEG, PNG, WebP or GIF.
    ImageTooLarge
        If it has more pixels or pictures than a page can show.
    """
    try:
        with Image.open(io.BytesIO(content), formats=list(_TYPES)) as image:
            return _checked(image, content, is_cleaned=is_cleaned)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageTooLarge(pointer="/file") from None
    except (ImageTooLarge, UnsupportedImage):
        raise
    except Exception:
        # Pillow's decoders raise almost anything at a broken file: OSError, SyntaxError, struct.error …
        raise UnsupportedImage(pointer="/file") from None


def _checked(image: Image.Image, content: bytes, *, is_cleaned: bool) -> CheckedImage:
    kind = image.format or ""
    if image.width * image.height > MOST_PIXELS or getattr(image, "n_frames", 1) > MOST_PICTURES:
        raise ImageTooLarge(pointer="/file")
    image.load()
    content_type, extension = _TYPES[kind]
    if is_cleaned:
        image = ImageOps.exif_transpose(image)
        content = _rewritten(image, kind)
    return CheckedImage(content, content_type, extension, image.width, image.height)


def _rewritten(image: Image.Image, kind: str) -> bytes:
    """Return the first picture alone: pixels, no metadata, nothing appended."""
    written = io.BytesIO()
    bare = Image.new(image.mode, image.size)
    if image.palette is not None:
        bare.putpalette(image.palette)
    bare.paste(image)
    bare.save(written, kind, quality=_JPEG_QUALITY) if kind != "GIF" else bare.save(written, kind)
    return written.getvalue()
