"""What is wrong with an upload."""

from api.errors import InvalidContent, ServiceUnavailable


class UnsupportedImage(InvalidContent):
    code = "unsupported_image"
    title = "The file is no image that we take"
    detail = "Send a whole JPEG, PNG, WebP or GIF image; what a file is called does not count."


class ImageTooLarge(InvalidContent):
    code = "image_too_large"
    title = "The image has too many pixels"
    detail = "The image has too many pixels or pictures to be shown on a page."


class MediaStoreUnavailable(ServiceUnavailable):
    code = "media_store_unavailable"
    title = "The file store can't be reached"
    detail = "Files can't be read or written now. Nothing was changed; ask again."
