"""Protobuf modules made from specs/proto/; only specs.forms.wire reads them."""
