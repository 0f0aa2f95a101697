// Sends one span to the address in the page's query, and shows in its title what came of it.
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { SimpleSpanProcessor, WebTracerProvider } from "@opentelemetry/sdk-trace-web";

const query = new URLSearchParams(location.search);
const exporter = new OTLPTraceExporter({
  url: query.get("to"),
  headers: query.get("token") ? { authorization: `Bearer ${query.get("token")}` } : {},
});
const sent = exporter.export.bind(exporter);
exporter.export = (spans, done) =>
  sent(spans, (result) => {
    document.title = result.code === 0 ? "sent" : `failed: ${result.error}`;
    done(result);
  });
const provider = new WebTracerProvider({
  resource: resourceFromAttributes({ "service.name": "page" }),
  spanProcessors: [new SimpleSpanProcessor(exporter)],
});
provider.getTracer("page").startSpan("click", { attributes: { button: "buy" } }).end();
