"""The forms that messages travel in: JSON, protobuf bytes, RecordIO."""
