"""The topologies of this benchmark in Quix Streams. Usage: quix_engine.py SERVERS TOPOLOGY STATE_FOLDER"""

import sys
from datetime import timedelta

from quixstreams import Application

servers, name, folder = sys.argv[1:4]
app = Application(
    broker_address=servers,
    consumer_group=f"quix-{name}",
    auto_offset_reset="earliest",
    state_dir=folder,
    loglevel="WARNING",
)
payments = app.dataframe(app.topic("payments", key_deserializer="str"))
if name == "stateless":
    result = payments.filter(lambda payment: payment["amount"] >= 50).apply(
        lambda payment: {**payment, "large": True}
    )
elif name == "windowed":
    result = (
        payments.tumbling_window(timedelta(minutes=1))
        .count()
        .final(closing_strategy="partition")
        .apply(lambda row: {"count": row["value"]})
    )
else:
    users = app.dataframe(app.topic("users", key_deserializer="str"))
    result = payments.join_asof(
        users, how="left", on_merge=lambda payment, user: {**payment, "user": user}
    )
result.to_topic(app.topic(f"quix-{name}", key_serializer="str"))
app.run()
