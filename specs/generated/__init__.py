"""Tables of messages and enums, made from specs/proto/ by deploy/protoc.py; only specs.forms.wireschema reads them."""
