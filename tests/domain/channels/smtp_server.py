"""An SMTP server that says what a test wants it to say."""

import asyncio
from dataclasses import dataclass, field

OK = "250 2.0.0 Ok"
HANG_UP = ""


@dataclass
class Scripted:
    """`says`: command -> answer, as usual where it is not named; HANG_UP ends the line. `text`: after the mail."""

    says: dict[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    port: int = 0

    def answer(self, word: str) -> str:
        usual = {
            "BANNER": "220 here",
            "EHLO": "250-here\r\n250-SIZE 1000000\r\n250 AUTH PLAIN XOAUTH2",
            "AUTH": "235 2.7.0 Welcome",
            "DATA": "354 Go on",
            "QUIT": "221 Bye",
        }
        return self.says.get(word, usual.get(word, OK))

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        word = "BANNER"
        try:
            while True:
                said = self.answer(word)
                if said == HANG_UP:
                    return
                writer.write(f"{said}\r\n".encode())
                await writer.drain()
                if word == "QUIT":
                    return
                if word == "DATA" and said.startswith("354"):
                    self.mails.append((await reader.readuntil(b"\r\n.\r\n"))[:-3])
                    word = "text"
                    continue
                line = (await reader.readline()).decode().strip()
                if not line:
                    return
                self.heard.append(line)
                word = line.split()[0].upper()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()
