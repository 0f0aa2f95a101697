"""Classify attributes by the semantic conventions (HTTP, DB, RPC, messaging, GenAI) and by OpenInference.

A foreign attribute becomes a data row under its own key. The conventions tell more reliably than a word in the name
whether it is an input or an output: `gen_ai.output.type` is what the caller requests,
`llm.token_count.completion` is part of the response.
"""

import functools

from obsv.semconv import INPUT, OUTPUT, OUTPUT_WORDS

# Prefixes; the longest match decides. Listed only where OUTPUT_WORDS would be wrong.
DIRECTIONS = {
    # HTTP, URL, network
    "http.request.": INPUT,
    "http.response.": OUTPUT,
    "http.status_text": OUTPUT,
    "url.": INPUT,
    "error.": OUTPUT,
    # Databases
    "db.query.": INPUT,
    "db.statement": INPUT,
    "db.row_count": OUTPUT,
    "db.rows_affected": OUTPUT,
    "azure.cosmosdb.operation.request_charge": OUTPUT,
    "db.cosmosdb.request_charge": OUTPUT,
    # RPC
    "rpc.request.": INPUT,
    "rpc.grpc.request.": INPUT,
    "rpc.connect_rpc.request.": INPUT,
    "rpc.connect_rpc.error_code": OUTPUT,
    "rpc.jsonrpc.error_code": OUTPUT,
    "rpc.jsonrpc.error_message": OUTPUT,
    # Messaging and functions
    "messaging.destination": INPUT,
    "messaging.message.": INPUT,
    "faas.trigger": INPUT,
    "graphql.document": INPUT,
    # GenAI
    "gen_ai.input.": INPUT,
    "gen_ai.prompt": INPUT,
    "gen_ai.request.": INPUT,
    "gen_ai.output.type": INPUT,
    "gen_ai.tool.definitions": INPUT,
    "gen_ai.tool.call.arguments": INPUT,
    "gen_ai.completion": OUTPUT,
    "gen_ai.evaluation.": OUTPUT,
    "gen_ai.retrieval.documents": OUTPUT,
    "gen_ai.usage.completion_tokens": OUTPUT,
    # OpenInference, and OpenLLMetry's older names
    "input.": INPUT,
    "output.": OUTPUT,
    "llm.input_messages": INPUT,
    "llm.prompt": INPUT,
    "llm.tools": INPUT,
    "llm.completion": OUTPUT,
    "llm.choices": OUTPUT,
    "llm.cost.completion": OUTPUT,
    "llm.cost.total": OUTPUT,
    "llm.finish_reason": OUTPUT,
    "llm.output_messages": OUTPUT,
    "llm.token_count.completion": OUTPUT,
    "llm.token_count.total": OUTPUT,
    "llm.usage.completion_tokens": OUTPUT,
    "llm.usage.total_tokens": OUTPUT,
    "document.": OUTPUT,
    "retrieval.documents": OUTPUT,
    "reranker.input_documents": INPUT,
    "reranker.query": INPUT,
    "tool.parameters": INPUT,
    "tool_call.function.arguments": INPUT,
}
_PREFIXES = tuple(sorted(DIRECTIONS, key=len, reverse=True))


@functools.lru_cache(maxsize=8192)
def direction(key: str) -> str:
    """Return INPUT or OUTPUT for the key of an attribute that obsv did not create itself."""
    for prefix in _PREFIXES:
        if key.startswith(prefix):
            return DIRECTIONS[prefix]
    if key.startswith("embedding.embeddings.") and key.endswith(".vector"):
        return OUTPUT
    return OUTPUT if any(word in key for word in OUTPUT_WORDS) else INPUT
