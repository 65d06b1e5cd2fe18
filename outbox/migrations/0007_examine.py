"""The permission to have the invariants examined."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('outbox', '0006_ways_to_an_order'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='operation',
            options={'permissions': [('redeliver', 'Can deliver again, and release what is parked'), ('skip', 'Can decide that a delivery is not to be done'), ('park', 'Can park a delivery on purpose'), ('pause_reaction', 'Can pause and resume a reaction'), ('write_note', 'Can write a note on an order or a failure group'), ('view_sensitive_payload', 'Can reveal personal fields'), ('examine', 'Can have the invariants examined')]},
        ),
    ]
