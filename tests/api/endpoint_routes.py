"""The routes of webhook endpoints, and what whoever may have endpoints, and has none, is answered."""

from uuid import UUID

NOBODYS = UUID(int=1)
ENDPOINT = f"/webhook-endpoints/{NOBODYS}"
ENDPOINT_ROUTES = {
    "/webhook-endpoints": {"GET": 200, "POST": 400},
    ENDPOINT: {"GET": 404, "PATCH": 404, "DELETE": 404},
    f"{ENDPOINT}/ping": {"POST": 404},
    f"{ENDPOINT}/rotate-secret": {"POST": 404},
    f"{ENDPOINT}/deliveries": {"GET": 404},
    f"{ENDPOINT}/deliveries/{NOBODYS}": {"GET": 404},
    f"{ENDPOINT}/deliveries/{NOBODYS}/redeliver": {"POST": 404},
}
