"""The tables, as peewee models. Rows and relations only: what happens to them stands in the sibling modules."""

from datetime import UTC, datetime

import peewee
from peewee import AutoField, BooleanField, CharField, DoubleField, ForeignKeyField, IntegerField, TextField

from app.calls.db import database


class InstantField(DoubleField):
    """An aware UTC datetime, kept as UNIX seconds."""

    def db_value(self, value: datetime | None) -> float | None:
        return None if value is None else value.timestamp()

    def python_value(self, value: float | None) -> datetime | None:
        return None if value is None else datetime.fromtimestamp(value, UTC)


class _Table(peewee.Model):
    class Meta:
        database = database
        legacy_table_names = False


class Account(_Table):
    """Somebody who may queue calls: a login and the argon2id hash of a PIN; for Fuse an e-mail address.

    ``weak_pin`` is null while nobody knows: the PIN was set by a version that did not look, and not used since.
    For ``repeat_seconds`` an equal call is answered with the first call_id; 0: never. Limits
    that are null are those of the settings.
    """

    id = AutoField()
    login = CharField(max_length=128, unique=True)
    email = TextField(null=True, unique=True)
    pin_hash = CharField()
    weak_pin = BooleanField(null=True)
    detection = BooleanField(default=True)
    status = TextField(default="active")
    repeat_seconds = IntegerField(default=0)
    max_queued = IntegerField(null=True)
    max_campaigns = IntegerField(null=True)
    max_deployments = IntegerField(null=True)
    max_lines = IntegerField(null=True)
    is_admin = BooleanField(default=False)
    created_at = InstantField()


class DeveloperKey(_Table):
    """A key of an account for the Fuse API, as the digest that is kept of it."""

    id = AutoField()
    account = ForeignKeyField(Account)
    label = TextField()
    key_hash = TextField(unique=True)
    created_at = InstantField()
    revoked_at = InstantField(null=True)


class WebhookSecret(_Table):
    """A secret that signs an account's results. ``retires_at`` is set once there is a newer one."""

    id = AutoField()
    account_id = IntegerField(index=True)
    secret = TextField()
    created_at = InstantField()
    retires_at = InstantField(null=True)


class Application(_Table):
    """A Fuse application; its account owns it."""

    id = AutoField()
    account = ForeignKeyField(Account)
    name = TextField()
    status = TextField()
    created_at = InstantField()


class Deployment(_Table):
    """An application that can be called for: a start_url and a queue of its own. "" is the built-in greeting."""

    id = AutoField()
    application = ForeignKeyField(Application)
    name = TextField()
    start_url = TextField()
    status = TextField()
    created_at = InstantField()


class ApplicationAccess(_Table):
    """What a login may do with another account's application, whether there is such a login or not."""

    id = AutoField()
    application = ForeignKeyField(Application, index=False)
    login = TextField()
    permission = TextField()

    class Meta:
        indexes = ((("application", "login"), True),)


class ConsoleSession(_Table):
    """A session of the console. ``id`` is a digest of the secret in its cookie, ``began_at`` machine time."""

    id = TextField(primary_key=True)
    account_id = IntegerField(index=True)
    began_at = DoubleField(index=True)


class Erasure(_Table):
    """Has a row when something was overwritten whose traces must go from SQLite's files."""

    id = IntegerField(primary_key=True)


class Guess(_Table):
    """A wrong PIN of the last minutes, or one being checked. ``login`` is a digest, ``at`` machine time.

    ``network`` is the widest around the address that one client may have.
    """

    id = AutoField()
    login = CharField()
    address = CharField()
    network = CharField(default="")
    at = DoubleField(index=True)
    wrong = BooleanField()

    class Meta:
        indexes = ((("login", "at"), False), (("address", "at"), False), (("network", "at"), False))


class LoginFailure(_Table):
    """How many wrong PINs came for a login in an hour of machine time, from addresses new to it. As in Guess."""

    id = AutoField()
    login = TextField()
    hour = IntegerField(index=True)
    account_id = IntegerField(null=True, index=True)
    failures = IntegerField()

    class Meta:
        indexes = ((("login", "hour"), True),)


class KnownAddress(_Table):
    """Where a good check of a login came from, and when the latest that was written down. As in Guess."""

    id = AutoField()
    login = CharField()
    address = CharField(index=True)
    at = DoubleField(index=True)

    class Meta:
        indexes = ((("login", "address"), True),)


class UntrustedProxy(_Table):
    """A peer that sent X-Forwarded-For and is not among the trusted proxies, and when (machine time) it last did."""

    address = TextField(primary_key=True)
    seen_at = DoubleField()


class Campaign(_Table):
    """A named set of calls that is started and stopped together.

    ``queue_id`` is the campaign that heads its queue, where single calls go (``is_default``): an account's, or a
    deployment's. ``next_due`` is never later than its first queued call (see ``due_calls``).
    """

    id = AutoField()
    account = ForeignKeyField(Account, backref="campaigns")
    deployment = ForeignKeyField(Deployment, null=True)
    queue_id = IntegerField()
    name = CharField(max_length=255)
    status = CharField()
    is_default = BooleanField(default=False)
    next_due = InstantField(null=True)
    created_at = InstantField()

    class Meta:
        indexes = ((("account", "name"), True),)


class Terms(_Table):
    """What one request said for all of its calls.

    ``undialled`` is what becomes of a call that was never dialled when its window ends.
    """

    id = AutoField()
    campaign = ForeignKeyField(Campaign)
    start_url = CharField()
    result_url = CharField()
    campaign_parameters = CharField()
    max_retries = IntegerField()
    retry_interval = IntegerField()
    scheduled_at = InstantField()
    expires_at = InstantField(null=True)
    created_at = InstantField()
    notes = TextField()
    result_format = TextField()
    undialled = TextField()
    is_pci = BooleanField()


class Call(_Table):
    """One number to reach. ``due_at`` is when it may next be dialled; ``fence`` counts the claims on it."""

    id = AutoField()
    terms = ForeignKeyField(Terms, index=False)
    campaign = ForeignKeyField(Campaign, index=False)
    phone_number = CharField()
    number = CharField()
    message_reference = CharField()
    call_parameters = CharField()
    metadata = TextField()
    status = CharField()
    due_at = InstantField()
    expires_at = InstantField(null=True)
    attempts = IntegerField()
    callee_type = CharField()
    duration = IntegerField()
    last_attempt_at = InstantField(null=True)
    queued_at = InstantField()
    finished_at = InstantField(null=True)
    fence = IntegerField()
    worker = CharField(null=True)


class Attempt(_Table):
    """One dial of a call, from the claim to the hang-up. ``transcript`` has a JSON object per line."""

    id = AutoField()
    call = ForeignKeyField(Call, backref="history")
    number = IntegerField()
    started_at = InstantField()
    answered_at = InstantField(null=True)
    ended_at = InstantField(null=True)
    callee_type = CharField(null=True)
    duration = IntegerField(null=True)
    transcript = TextField()

    class Meta:
        indexes = ((("call", "number"), True),)


class Event(_Table):
    """Something on a call's page that its columns and attempts do not tell: a warning, an application error."""

    id = AutoField()
    call = ForeignKeyField(Call, backref="events")
    at = InstantField()
    event = CharField()
    detail = TextField()


class Result(_Table):
    """What result_url must hear about a final call, and how far that got: the outbox.

    ``destination`` is the origin of ``url``; ``worker`` is the scheduler that posts it just now.
    """

    call = ForeignKeyField(Call, primary_key=True)
    url = CharField()
    format = TextField()
    body = TextField()
    state = CharField()
    tries = IntegerField()
    unacknowledged = IntegerField()
    due_at = InstantField()
    last_answer = TextField()
    destination = TextField()
    worker = TextField(null=True)


class Exchange(_Table):
    """One HTTP request to a customer's server and its answer; ``status`` is null when none came."""

    id = AutoField()
    call = ForeignKeyField(Call, backref="exchanges")
    attempt = IntegerField(null=True)
    purpose = CharField()
    at = InstantField()
    method = CharField()
    url = TextField()
    request = TextField()
    status = IntegerField(null=True)
    answer = TextField()
    error = TextField()
    seconds = DoubleField()


class Switch(_Table):
    """The one row that suspends all calling. ``version`` counts every stop, start, suspend and resume."""

    suspended = BooleanField()
    version = IntegerField()
    changed_at = InstantField()
    changed_by = TextField()


class Scheduler(_Table):
    """A scheduler that runs: its ``beat`` is the lease of all its claims. Times are machine time.

    ``obeyed`` is the version of the switch up to which none of its earlier claims can still be dialled, ``trouble``
    what keeps it from dialling.
    """

    worker = CharField(primary_key=True)
    started_at = DoubleField()
    seen_at = DoubleField()
    beat = IntegerField()
    obeyed = IntegerField()
    trouble = TextField(default="")


class Script(_Table):
    """What a simulated callee does at each attempt: a JSON list, the last outcome repeats."""

    number = CharField(primary_key=True)
    outcomes = TextField()


class Tally(_Table):
    """A number that only grows, for /metrics."""

    name = CharField()
    label = CharField()
    value = DoubleField()

    class Meta:
        indexes = ((("name", "label"), True),)


class VirtualTime(_Table):
    """The one row that is the time when RINGBACK_CLOCK=virtual, and how far it was asked to move.

    ``asked`` counts the requests to move and ``answered`` those that are done; ``wakes_at`` is when the next
    simulated attempt goes on; ``told_*`` is how far the last answer told what happened.
    """

    now = InstantField()
    target = InstantField()
    asked = IntegerField()
    answered = IntegerField()
    wakes_at = InstantField(null=True)
    told_until = InstantField()
    told_attempt = IntegerField()
    told_exchange = IntegerField()


class Counter(_Table):
    """The last call_id and campaign_id given out: a number is never used twice, whatever is removed."""

    name = CharField(primary_key=True)
    last = IntegerField()
