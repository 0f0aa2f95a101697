"""Message classes that read one level of an OTLP message: strings and inner messages stay bytes.

On the wire a string, a message and bytes look the same (length, then content), so a copy of the schema with every such
field declared as bytes reads any message whose own framing is intact, whatever is wrong inside.
"""

import functools
from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto

_LENGTH_DELIMITED = (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_MESSAGE)


@functools.cache
def shell(descriptor: Descriptor) -> Any:
    """Return the class that reads one level of messages of this type."""
    name = descriptor.full_name.replace(".", "_")
    schema = DescriptorProto(name=name)
    for field in descriptor.fields:
        schema.field.append(_field(field))
    file = FileDescriptorProto(name=f"obsv/wire/{name}.proto", package="obsv.wire", syntax="proto3")
    file.message_type.append(schema)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"obsv.wire.{name}"))


def _field(field: FieldDescriptor) -> FieldDescriptorProto:
    kind = field.type
    if kind in _LENGTH_DELIMITED:
        kind = FieldDescriptor.TYPE_BYTES
    elif kind == FieldDescriptor.TYPE_ENUM:
        kind = FieldDescriptor.TYPE_INT32
    label = FieldDescriptorProto.LABEL_REPEATED if field.is_repeated else FieldDescriptorProto.LABEL_OPTIONAL
    return FieldDescriptorProto(name=field.name, number=field.number, type=kind, label=label)  # type: ignore[arg-type]
