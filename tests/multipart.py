"""A form with a list, as browsers and curl send it."""

CONTENT_TYPE = "multipart/form-data; boundary=a-boundary"


def encode(fields: dict[str, str], numbers: bytes, file_field: str = "phone_list") -> bytes:
    """The body of a form whose file comes last; its type is CONTENT_TYPE."""
    parts = [
        f'--a-boundary\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    file = f'--a-boundary\r\nContent-Disposition: form-data; name="{file_field}"; filename="list.csv"\r\n\r\n'
    return "".join([*parts, file]).encode() + numbers + b"\r\n--a-boundary--\r\n"
