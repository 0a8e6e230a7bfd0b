"""Pillow: decoders and encoders that read and write Python's files, functions for points, and filters."""

import io

import mark

mark.everywhere()

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFile, ImageFilter, ImageOps, ImageSequence


class File(io.BytesIO):
    def read(self, size=-1):
        mark.mark()
        return super().read(size)

    def write(self, data):
        mark.mark()
        return super().write(data)

    def fileno(self):
        raise io.UnsupportedOperation


class Decoder(ImageFile.PyDecoder):
    _pulls_fd = True

    def decode(self, buffer):
        mark.mark()
        self.set_as_raw(self.fd.read(300))
        return -1, 0


class Raw(ImageFile.ImageFile):
    format = "RAW_OF_TEST"

    def _open(self):
        if self.fp.read(4) != b"RAW!":
            raise SyntaxError
        mark.mark()
        self._mode, self._size = "RGB", (10, 10)
        self.tile = [("of_test", (0, 0) + self.size, 4, ("RGB", 0, 1))]


class Brighter(ImageFilter.MultibandFilter):
    def filter(self, image):
        mark.mark()
        return Image.Image()._new(image).point(lambda v: min(255, v + 10)).im


def point(value):
    if value % 16 == 0:
        mark.mark()
    return value // 2


def main():
    Image.register_decoder("of_test", Decoder)
    Image.register_open(Raw.format, Raw, lambda prefix: prefix.startswith(b"RAW!"))
    assert Image.open(File(b"RAW!" + bytes(300))).load()[3, 3] == (0, 0, 0)
    image = Image.radial_gradient("L").convert("RGB")
    ImageDraw.Draw(image).ellipse((20, 20, 100, 100), fill="red", outline="blue")
    image.convert("L").point(point)
    Image.eval(image, point)
    image.filter(Brighter())
    for form in ("PNG", "JPEG", "GIF", "TIFF", "BMP", "PPM", "WEBP"):
        file = File()
        image.save(file, form)
        file.seek(0)
        Image.open(file).load()
    frames = [ImageOps.expand(image.rotate(30 * i).resize((60, 60)), 2) for i in range(4)]
    file = File()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    file.seek(0)
    ImageSequence.all_frames(Image.open(file), lambda frame: (mark.mark(), frame.copy())[1])
    for _ in range(15):
        blurred = image.filter(ImageFilter.GaussianBlur(3)).filter(ImageFilter.Kernel((3, 3), range(9)))
        ImageChops.multiply(image, blurred).quantize(16).convert("RGB").histogram()
        ImageEnhance.Contrast(image).enhance(1.4).transform((50, 50), Image.Transform.PERSPECTIVE, (1, 0, 0, 0, 1, 0, 0.01, 0))
        image.getexif()
        repr(image.getcolors(100000))[:10]


main()
