"""The service: graphs of many clients, queued fairly, journalled, and run by the executors of the scheduler."""
