"""The permission to see who did what, and the contracts that are muted."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('outbox', '0008_scenarios'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='operation',
            options={'permissions': [('redeliver', 'Can deliver again, and release what is parked'), ('skip', 'Can decide that a delivery is not to be done'), ('park', 'Can park a delivery on purpose'), ('pause_reaction', 'Can pause and resume a reaction'), ('write_note', 'Can write a note on an order or a failure group'), ('view_sensitive_payload', 'Can reveal personal fields'), ('examine', 'Can have the invariants examined'), ('run_scenario', "Can run the scenarios of the sandbox's lab"), ('audit', 'Can see in one list who did what')]},
        ),
        migrations.CreateModel(
            name='MutedContract',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('answer', models.CharField(help_text='what was promised, and is not missed any more', max_length=1000)),
                ('until', models.DateTimeField(help_text='none: until somebody unmutes it', null=True)),
                ('operation', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to='outbox.operation')),
                ('reaction', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, to='outbox.reaction')),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('reaction',), name='muted_contract_once')],
            },
        ),
    ]
