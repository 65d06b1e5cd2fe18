from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0004_refunds_of_parts'),
    ]

    operations = [
        ValidateConstraint(model_name='payment', name='payment_never_gives_back_more'),
    ]
