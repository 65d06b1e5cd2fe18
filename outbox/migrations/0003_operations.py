"""What staff does, and failures by their cause. Adds tables, and to the deliveries one column that is null."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('outbox', '0002_guards_and_tuning'),
    ]

    operations = [
        migrations.CreateModel(
            name='FailureHour',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hour', models.DateTimeField()),
                ('failures', models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order_id', models.UUIDField(null=True)),
                ('actor', models.CharField(max_length=200)),
                ('text', models.TextField()),
                ('written_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name='Operation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('redeliver', 'Redeliver'), ('skip', 'Skip'), ('park', 'Park'), ('release', 'Release'), ('pause', 'Pause'), ('resume', 'Resume'), ('reveal', 'Reveal'), ('mute', 'Mute'), ('unmute', 'Unmute'), ('act', 'Act')], max_length=20)),
                ('actor', models.CharField(max_length=200)),
                ('reason', models.TextField(blank=True)),
                ('about', models.CharField(max_length=300)),
                ('requested_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('order_id', models.UUIDField(null=True)),
                ('rate', models.PositiveSmallIntegerField(help_text='deliveries a second; none: all at once', null=True)),
                ('canary', models.BooleanField(default=False, help_text='the first alone, the others when it has succeeded')),
                ('done_too', models.BooleanField(default=False, help_text='also those that are done or ignored')),
                ('in_doubt_too', models.BooleanField(default=False, help_text='also what may have been done outside already')),
                ('counts', models.JSONField(default=dict, help_text='how many of its deliveries have which outcome')),
                ('outcome', models.TextField(blank=True, help_text='what else there is to say about how it went')),
                ('released_at', models.DateTimeField(help_text='when it last had deliveries begun', null=True)),
                ('stop_requested_at', models.DateTimeField(null=True)),
                ('stopped_by', models.CharField(blank=True, max_length=200)),
                ('closed_at', models.DateTimeField(null=True)),
            ],
            options={
                'permissions': [('redeliver', 'Can deliver again, and release what is parked'), ('skip', 'Can decide that a delivery is not to be done'), ('park', 'Can park a delivery on purpose'), ('pause_reaction', 'Can pause and resume a reaction'), ('write_note', 'Can write a note on an order or a failure group'), ('view_sensitive_payload', 'Can reveal personal fields')],
            },
        ),
        migrations.CreateModel(
            name='OperationItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order_id', models.UUIDField()),
                ('outcome', models.CharField(choices=[('planned', 'Planned'), ('released', 'on its way'), ('succeeded', 'Succeeded'), ('nothing_to_do', 'nothing to do'), ('failed_again', 'failed again'), ('skipped', 'Skipped'), ('parked', 'Parked'), ('already_running', 'already running'), ('already_due', 'already due'), ('already_done', 'already done'), ('already_parked', 'already parked'), ('not_parked', 'not parked'), ('not_due_yet', 'a timer, not due yet'), ('in_doubt', 'may have been done'), ('orphaned', 'Orphaned'), ('stopped', 'not begun: stopped')], default='planned', max_length=20)),
                ('before', models.TextField(blank=True, help_text="the delivery's state and outcome until then")),
                ('words', models.TextField(blank=True, help_text="the delivery's own words for what came of it")),
                ('attempts', models.PositiveSmallIntegerField(default=0, help_text='failed attempts when it was released')),
                ('released_at', models.DateTimeField(null=True)),
                ('verified_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='FailureGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('fingerprint', models.CharField(max_length=64, unique=True)),
                ('exception', models.CharField(max_length=200)),
                ('frame', models.CharField(blank=True, help_text='the deepest place in the code of an app', max_length=300)),
                ('failures', models.PositiveBigIntegerField(default=0)),
                ('first_seen', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('last_seen', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('fixed_at', models.DateTimeField(help_text='an operation has brought the last of it through', null=True)),
                ('muted_at', models.DateTimeField(null=True)),
                ('last_delivery', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, to='outbox.delivery')),
                ('reaction', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, to='outbox.reaction')),
            ],
        ),
        migrations.AddField(
            model_name='delivery',
            name='failure_group',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, to='outbox.failuregroup'),
        ),
        migrations.AddField(
            model_name='failurehour',
            name='group',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='hours', to='outbox.failuregroup'),
        ),
        migrations.AddField(
            model_name='note',
            name='group',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='outbox.failuregroup'),
        ),
        migrations.AddField(
            model_name='operation',
            name='group',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, to='outbox.failuregroup'),
        ),
        migrations.AddField(
            model_name='operation',
            name='reaction',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, to='outbox.reaction'),
        ),
        migrations.AddField(
            model_name='operationitem',
            name='delivery',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to='outbox.delivery'),
        ),
        migrations.AddField(
            model_name='operationitem',
            name='operation',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='items', to='outbox.operation'),
        ),
        migrations.AddIndex(
            model_name='failuregroup',
            index=models.Index(fields=['-last_seen'], name='failure_group_latest'),
        ),
        migrations.AddConstraint(
            model_name='failurehour',
            constraint=models.UniqueConstraint(fields=('group', 'hour'), name='failure_hour_once'),
        ),
        migrations.AddIndex(
            model_name='note',
            index=models.Index(condition=models.Q(('order_id', None), _negated=True), fields=['order_id', 'id'], name='note_order'),
        ),
        migrations.AddConstraint(
            model_name='note',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('group__isnull', False), ('order_id', None)), models.Q(('group', None), ('order_id__isnull', False)), _connector='OR'), name='note_is_about_one_thing'),
        ),
        migrations.AddIndex(
            model_name='operation',
            index=models.Index(condition=models.Q(('closed_at', None)), fields=['id'], name='operation_open'),
        ),
        migrations.AddIndex(
            model_name='operation',
            index=models.Index(condition=models.Q(('order_id', None), _negated=True), fields=['order_id', 'id'], name='operation_order'),
        ),
        migrations.AddIndex(
            model_name='operation',
            index=models.Index(condition=models.Q(('group', None), _negated=True), fields=['group', 'id'], name='operation_group'),
        ),
        migrations.AddIndex(
            model_name='operationitem',
            index=models.Index(fields=['operation', 'outcome', 'id'], name='operation_item_outcome'),
        ),
        migrations.AddIndex(
            model_name='operationitem',
            index=models.Index(fields=['order_id', 'operation'], name='operation_item_order'),
        ),
        migrations.AddIndex(
            model_name='operationitem',
            index=models.Index(fields=['delivery', 'operation'], name='operation_item_delivery'),
        ),
        migrations.AddConstraint(
            model_name='operationitem',
            constraint=models.UniqueConstraint(fields=('operation', 'delivery'), name='operation_item_once'),
        ),
    ]
