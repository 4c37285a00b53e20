"""What connecting a mailbox asks for, and what the values mean."""

import re
from collections.abc import Mapping

from domain.channels import read
from domain.channels.base import Field
from domain.channels.email import tokens
from domain.channels.email.servers import Security, Server, is_loopback
from domain.errors import Refused

SECURITY = (("tls", "TLS"), ("starttls", "STARTTLS"), ("none", "None (this machine only)"))
SIGN_IN = (("password", "Password"), ("google", "Google, by OAuth"), ("microsoft", "Microsoft 365, by OAuth"))
SWITCH = (("true", "Yes"), ("false", "No"))
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,39}", re.ASCII)

FIELDS = (
    Field("from_email", "Email address", "Sellers see it and answer to it.", type="email"),
    Field("from_name", "Name beside it", "Such as your dealership’s name.", required=False, usual=True),
    Field("smtp_host", "Outgoing server (SMTP)", "Such as smtp.gmail.com or smtp.office365.com."),
    Field("smtp_port", "Outgoing port", default="587", type="number", required=False),
    Field("smtp_security", "Outgoing security", default="starttls", choices=SECURITY, required=False),
    Field(
        "imap_host",
        "Incoming server (IMAP)",
        "Such as imap.gmail.com or outlook.office365.com. Without it no answer comes in.",
        required=False,
        usual=True,
    ),
    Field("imap_port", "Incoming port", default="993", type="number", required=False),
    Field("imap_security", "Incoming security", default="tls", choices=SECURITY, required=False),
    Field(
        "folders",
        "Folders to read",
        "Several with commas between them. Add your junk folder to miss no answer.",
        default="INBOX",
        required=False,
    ),
    Field("sign_in", "Sign in by", default="password", choices=SIGN_IN, required=False),
    Field("username", "User name", "If it is not the email address.", required=False),
    Field(
        "password",
        "Password",
        "An app password where your provider has them. It is encrypted and never shown again.",
        secret=True,
        required=False,
        usual=True,
    ),
    Field("client_id", "OAuth client ID", "Of Google or Microsoft 365.", required=False),
    Field("client_secret", "OAuth client secret", secret=True, required=False),
    Field("refresh_token", "OAuth refresh token", "Google needs it.", secret=True, required=False),
    Field("tenant", "Microsoft directory (tenant) ID", required=False),
    Field(
        "reply_tokens",
        "Answers come to you+code@",
        "By the code an answer is always known. Say no if your server takes no such addresses.",
        default="true",
        choices=SWITCH,
        required=False,
    ),
    Field(
        "mark_read",
        "Mark what was read here as read",
        "Nothing in the mailbox changes otherwise.",
        default="false",
        choices=SWITCH,
        required=False,
    ),
    Field(
        "own_network",
        "Servers on our own network",
        "Lets the servers stand on this machine or its networks.",
        default="false",
        choices=SWITCH,
        required=False,
        owner_only=True,
    ),
)


def server(given: Mapping[str, str], way: str) -> Server:
    """The server of one way, smtp or imap. Raises Refused."""
    host, port = given[f"{way}_host"].lower(), given[f"{way}_port"]
    security: Security = given[f"{way}_security"]  # type: ignore[assignment]
    nearby = read.switch(given["own_network"], "own_network")
    if not HOST.fullmatch(host):
        raise Refused("This is not the name of a server, such as mail.lots.example.", field=f"{way}_host")
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise Refused("A port is a number from 1 to 65535.", field=f"{way}_port")
    if security not in dict(SECURITY):
        raise Refused("Choose TLS or STARTTLS.", field=f"{way}_security")
    if security == "none" and not (nearby and is_loopback(host)):
        raise Refused(
            "Without TLS anybody on the way could read the password. Choose TLS or STARTTLS.",
            field=f"{way}_security",
        )
    return Server(host, int(port), security, nearby)


def access(given: Mapping[str, str], url: str) -> tokens.Tokens | None:
    """Where access tokens come from; None: it is let in by password. Raises Refused."""
    way = given["sign_in"]
    if way not in dict(SIGN_IN):
        raise Refused("Choose how to sign in.", field="sign_in")
    if way == "password":
        return None
    for name, label in (("client_id", "client ID"), ("client_secret", "client secret")):
        if not given[name]:
            raise Refused(f"Give the OAuth {label} first.", field=name)
    if way == "google" and not given["refresh_token"]:
        raise Refused("Paste the OAuth refresh token first.", field="refresh_token")
    if way == "microsoft" and not re.fullmatch(r"[A-Za-z0-9.-]{3,100}", given["tenant"]):
        raise Refused("Give the ID of your Microsoft directory first.", field="tenant")
    url = url or tokens.URLS[way].format(tenant=given["tenant"])
    return tokens.Tokens(
        url, given["client_id"], given["client_secret"], given["refresh_token"], tokens.SCOPES.get(way, "")
    )
