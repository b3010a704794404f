// What is known of one span, and the log lines of its trace.

function detailView(s, logs, actions) {
	const title = h("h2", { tabindex: "-1", dir: "auto" }, s.name);
	const facts = [
		["Service", s.service], ["Kind", s.kind ? s.kind.toLowerCase() : "internal"],
		["Begins", `${clock(s.start)} (${offset(s.at)})`], ["Duration", duration(s.took)],
		["Here", s.local], ["Other side", s.remote], ["Span id", s.id],
	].filter(([, v]) => v);
	const list = pairs(facts.map(([key, value]) => ({ key, value })));
	if (s.parentId) list.append(h("dt", {}, "Parent"), h("dd", {}, h("button", { type: "button", class: "plain", onclick: () => actions.toSpan(s.parentId) }, s.parentId)));
	const own = s.tags.filter((t) => !ofProcess.test(t.key)), process = s.tags.filter((t) => ofProcess.test(t.key));
	const mine = logs.filter((l) => l.span === s.id);
	return h("div", {},
		h("header", {}, title, h("button", { type: "button", class: "close", "aria-label": "Close the details", onclick: actions.close }, "✕")),
		s.debug && h("p", { class: "dim" }, "Forced by a debug flag"),
		list,
		own.length > 0 && [h("h3", {}, "Tags"), pairs(own, (key) => key === "error"), rest(s.moreTags, "tag")],
		s.events.length > 0 && [h("h3", {}, "Events"), h("ol", { class: "events" }, s.events.map((e) => h("li", {}, h("span", { class: "at" }, offset(e.at)), eventText(e)))), rest(s.moreEvents, "event")],
		s.links.length > 0 && [h("h3", {}, "Links"), h("ul", { class: "events" }, s.links.map((l) => h("li", {}, h("span", { class: "at" }, l.key), l.held
			? h("a", { class: "mono", href: "#/trace/" + l.traceId + (l.spanId ? "?span=" + l.spanId : "") }, l.traceId)
			: h("span", { class: "mono" }, l.traceId, h("span", { class: "cutoff" }, " is not here")))))],
		mine.length > 0 && [h("h3", {}, "Log lines of this span"), h("ol", { class: "events" }, mine.map((l) => logLine(l, actions)))],
		process.length > 0 && h("details", {}, h("summary", {}, "Process and library"), pairs(process)));
}

// ofProcess knows tags that say the same on every span of a process.
const ofProcess = /^(container|host|os|process|service|telemetry|k8s|cloud|deployment|otel\.(scope|library))\./;

function pairs(list, isBad = () => false) {
	return h("dl", { class: "pairs" }, list.map(({ key, value, bytes }) => [
		h("dt", { class: isBad(key) ? "bad" : undefined, dir: "auto" }, key),
		h("dd", { class: isBad(key) ? "bad" : undefined, dir: "auto", tabindex: scrolls(value) }, value === "" ? h("span", { class: "cutoff" }, "empty") : value, whole(bytes)),
	]));
}

// eventText shows attributes, which exporters append to a name as a JSON
// object, as what they are.
function eventText(e) {
	const [, name, json] = /^([^{]{1,200}): (\{.*\})$/s.exec(e.value) ?? [];
	let attrs;
	try {
		attrs = json && !e.bytes && Object.entries(JSON.parse(json)).map(([key, value]) => ({ key, value: typeof value === "string" ? value : JSON.stringify(value) }));
	} catch { /* then it is shown as it is */ }
	if (attrs) return h("div", { class: "text", dir: "auto", tabindex: scrolls(e.value) }, name, pairs(attrs));
	return h("span", { class: "text", dir: "auto", tabindex: scrolls(e.value) }, e.value, whole(e.bytes));
}

// scrolls lets the keyboard reach what may be taller than its box.
const scrolls = (text) => (text.length > 250 || text.split("\n").length > 8 ? "0" : undefined);
const whole = (n) => (n ? h("span", { class: "cutoff" }, ` cut; ${bytes(n)} in all, which the JSON has`) : "");
const rest = (n, what) => (n ? h("p", { class: "cutoff" }, `and ${count(n, "more " + what)}, which the JSON has`) : undefined);

function logLine(l, actions) {
	const level = /^(ERROR|WARN)/.exec(l.level)?.[0].toLowerCase() ?? "";
	return h("li", {},
		h("span", { class: "at" }, offset(Math.max(0, l.time - actions.first))),
		h("span", { class: "text", dir: "auto", tabindex: scrolls(l.message + (l.attrs ?? []).join()) }, h("span", { class: "lvl " + level }, l.level),
			l.span && actions.has(l.span) ? h("button", { type: "button", onclick: () => actions.toSpan(l.span) }, l.message) : l.message,
			l.attrs?.length > 0 && h("span", { class: "attrs" }, " " + l.attrs.map(([k, v]) => `${k}=${v}`).join(" "))));
}

function logsView(trace, actions) {
	return h("section", { class: "logs card", "aria-label": "Log lines of the trace" },
		h("h2", {}, count(trace.lines.length, "log line")),
		h("ol", { class: "events" }, trace.lines.map((l) => logLine(l, actions))),
		rest(trace.linesCut, "line"));
}
