"""Sends a span every few seconds on a connection that it keeps, by `requests`, as OpenTelemetry's exporter does."""

import sys
import time

import requests

url, spans, pause_s, span = sys.argv[1:]
session = requests.Session()
for number in range(1, int(spans) + 1):
    body = span.replace("NUMBER", f"{number:016x}")
    try:
        answer = session.post(url, data=body, headers={"content-type": "application/json"}, timeout=10)
        if answer.status_code != 200:
            print(number, answer.status_code, file=sys.stderr)
    except requests.RequestException as error:
        print(number, error, file=sys.stderr)
    if number < int(spans):
        time.sleep(float(pause_s))
