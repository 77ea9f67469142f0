"""Count what crosses the wires of a fleet, as who listens in its network would: prints JSON when its input ends.

For each text that is given as a line of the input before that (an empty line ends them), the frames that contain it;
besides, those of ESP. The texts are no arguments, since a password may be among them.
"""

import json
import select
import socket
import sys

# Of Linux' <linux/if_ether.h> and <asm-generic/socket.h>; Python has no name for them.
ALL, SO_RCVBUFFORCE = 0x0003, 33
# Of Ethernet and of IPv4; the protocol is its tenth byte (RFC 791), and 50 is ESP (RFC 4303).
ETHERNET, PROTOCOL, ESP, IPV4 = 14, 9, 50, b"\x08\x00"


def main():
    """Listen on all devices."""
    texts = [line.strip() for line in iter(sys.stdin.readline, "\n")]
    counts = dict.fromkeys(["ESP", *texts], 0)
    # The buffer is the kernel's largest: a frame that is lost would be one that was not searched.
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL)) as wire:
        wire.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 2**26)
        print("listening", flush=True)
        while sys.stdin not in (readable := select.select([wire, sys.stdin], [], [])[0]):
            assert wire in readable
            frame = wire.recv(65536)
            counts["ESP"] += frame[12:14] == IPV4 and frame[ETHERNET + PROTOCOL] == ESP
            for text in texts:
                counts[text] += text.encode() in frame
    print(json.dumps([counts["ESP"], *(counts[text] for text in texts)]))


if __name__ == "__main__":
    main()
