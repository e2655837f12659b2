"""The official OpenAI SDKs: what they yield through the gateway is what they yield without it."""
