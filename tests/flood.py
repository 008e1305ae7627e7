"""Many connections that try logins nobody has, from ever new addresses: a program of its own, for tests."""

import http.client
import sys
import threading
import time
from itertools import count
from urllib.parse import urlencode


def attack(port: int, connections: int, host: str, pause: float) -> None:
    """Try logins for ever, each connection as soon as its last answer has come and ``pause`` seconds are over."""
    numbers = count()
    for _ in range(connections - 1):
        threading.Thread(target=_keep_trying, args=(port, host, pause, numbers), daemon=True).start()
    print("attacking", flush=True)
    _keep_trying(port, host, pause, numbers)


def _keep_trying(port: int, host: str, pause: float, numbers: "count[int]") -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    while True:
        number = next(numbers)
        address = f"198.{18 + number // 65_536 % 2}.{number // 256 % 256}.{number % 256}"
        headers = {
            "Host": host,
            "X-Forwarded-For": address,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        try:
            connection.request("POST", "/queuecall.php", urlencode({"login": f"no{number}", "pin": "0"}), headers)
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            connection.close()
        time.sleep(pause)


if __name__ == "__main__":
    attack(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
