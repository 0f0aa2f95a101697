// Sends one trace: node send.mjs json|proto|grpc ENDPOINT none|gzip
import { SpanKind, SpanStatusCode, context, trace } from "@opentelemetry/api";
import { OTLPTraceExporter as Grpc } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as Json } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as Proto } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";

const [protocol, url, compression] = process.argv.slice(2);
const Exporter = { json: Json, proto: Proto, grpc: Grpc }[protocol];
// Its ten seconds by default are few on a busy machine.
const exporter = new Exporter({ url, compression, timeoutMillis: 100_000 });
const failures = [];
const sent = exporter.export.bind(exporter);
exporter.export = (spans, done) =>
  sent(spans, (result) => {
    if (result.code !== 0) failures.push(String(result.error));
    done(result);
  });

const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ "service.name": "node-shop" }),
  spanProcessors: [new SimpleSpanProcessor(exporter)],
});
const tracer = provider.getTracer("checkout", "1.0");
const parent = tracer.startSpan("POST /order", {
  kind: SpanKind.SERVER,
  attributes: { "http.request.method": "POST", "http.response.status_code": 500, ratio: 0.5, vip: true, sizes: [1, 2] },
});
const child = tracer.startSpan("charge", {}, trace.setSpan(context.active(), parent));
child.recordException(new Error("card refused"));
child.setStatus({ code: SpanStatusCode.ERROR, message: "refused" });
child.end();
parent.end();
await provider.forceFlush();
await provider.shutdown();
if (failures.length) {
  console.error(failures.join("\n"));
  process.exit(1);
}
