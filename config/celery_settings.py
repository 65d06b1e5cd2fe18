"""Settings of Celery that do not depend on the broker; each says what goes wrong with the default."""

from config.environment import env

CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]  # a pickle from the broker would be code execution
CELERY_TASK_DEFAULT_QUEUE = "orders"
CELERY_TASK_DEFAULT_EXCHANGE = ""
CELERY_TASK_DEFAULT_ROUTING_KEY = "orders"
CELERY_TASK_CREATE_MISSING_QUEUES = False  # a typo has to fail, not to make an unbound queue
CELERY_TASK_ACKS_LATE = True  # acknowledged after the transaction, not before
CELERY_TASK_REJECT_ON_WORKER_LOST = True  # else a killed pool process would count as an acknowledgement
CELERY_TASK_ACKS_ON_FAILURE = False  # what the engine could not record goes to the rejected queue
CELERY_TASK_ACKS_ON_TIMEOUT = False
CELERY_TASK_SOFT_TIME_LIMIT = 20
CELERY_TASK_TIME_LIMIT = 30
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = True  # errors at task level stay visible in the admin
CELERY_RESULT_BACKEND = "django-db"
CELERY_WORKER_CONCURRENCY = env.int("WORKER_CONCURRENCY", default=2)
CELERY_WORKER_MAX_TASKS_PER_CHILD = 20_000
# A repeated message does nothing; but a call that is cut off with its process leaves a mail in doubt, and a lost queue
# takes with it whoever is outlasting a restart of the same database.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_CONSUMER = "outbox.consumer:Consumer"  # one bad message must not kill the workers, or vanish
CELERY_WORKER_POOL = "outbox.pool:TaskPool"  # nor may a process that is killed while it is idle stop them
CELERY_WORKER_ENABLE_REMOTE_CONTROL = env.bool("CELERY_REMOTE_CONTROL", default=False)  # Flower needs it
CELERY_WORKER_SEND_TASK_EVENTS = CELERY_WORKER_ENABLE_REMOTE_CONTROL
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # the default gives up after a hundred
CELERY_BROKER_HEARTBEAT = 30
CELERY_BROKER_POOL_ACQUIRE_TIMEOUT = 10  # the default waits for ever
CELERY_DB_REUSE_MAX = 10_000  # else every task opens a connection of its own to the database
