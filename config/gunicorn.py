"""What gunicorn needs to know beyond its address (`gunicorn --config python:config.gunicorn config.wsgi`)."""

worker_class = "gthread"  # requests wait for the database most of the time
workers = 2
threads = 8
timeout = 60
preload_app = True  # imports once, then forks
graceful_timeout = 2  # requests are short; `make run` wants to stop quickly
control_socket_disable = True  # it would open a socket below the home directory
