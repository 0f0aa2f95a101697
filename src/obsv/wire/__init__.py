"""OTLP to rows and back: what exporters, receivers, the query APIs and the command line share.

JSON and everything about rows (`rowmaker`, `clean`, `detail`, `plan`, `jsonform`, `encode`) needs nothing beside obsv;
what reads or makes protobuf (`protobuf`, `lenient`, `shells`, `messages`, `encode_protobuf`) needs the package
opentelemetry-proto. So this file imports neither.
"""
