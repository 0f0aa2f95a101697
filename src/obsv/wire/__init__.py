"""OTLP to rows and back: shared by exporters, receivers, the query APIs and the command line.

JSON and everything about rows (`rowmaker`, `clean`, `detail`, `plan`, `jsonform`, `encode`) needs only obsv; modules
for protobuf (`protobuf`, `lenient`, `shells`, `messages`, `encode_protobuf`) need the package opentelemetry-proto.
Therefore this file imports neither.
"""
