"""The caller IDs of each account, to begin with those that its calls have shown."""

from peewee import AutoField, CharField, DoubleField, IntegerField, Model, TextField

from app.intake.phone import BadNumber, NumberRules, parse

AT_ONCE = 10_000


def up(migrator, db):
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class CallerId(Table):
        id = AutoField()
        account_id = IntegerField()
        ani = TextField()
        created_at = DoubleField()

        class Meta:
            indexes = ((("account_id", "ani"), True),)

    class Campaign(Table):
        account_id = IntegerField()

    class Call(Table):
        campaign_id = IntegerField()
        phone_number = CharField()
        attempts = IntegerField()
        queued_at = DoubleField()

    db.create_tables([CallerId])
    accounts = {campaign.id: campaign.account_id for campaign in Campaign.select()}
    shown, last = {}, 0
    with_parameters = Call.phone_number.contains(";") | Call.phone_number.contains("\uff1b")
    dialled = Call.select().where(Call.attempts > 0, with_parameters).order_by(Call.id).limit(AT_ONCE)
    while calls := list(dialled.where(Call.id > last)):
        last = calls[-1].id
        for call in calls:
            try:
                ani = parse(call.phone_number, NumberRules()).ani
            except BadNumber:  # none that was dialled
                continue
            if ani:
                shown.setdefault((accounts[call.campaign_id], ani), call.queued_at)
    rows = [(account_id, ani, queued_at) for (account_id, ani), queued_at in sorted(shown.items())]
    for first in range(0, len(rows), 100):
        fields = [CallerId.account_id, CallerId.ani, CallerId.created_at]
        CallerId.insert_many(rows[first : first + 100], fields=fields).execute()
