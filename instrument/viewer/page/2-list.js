// The first screen: search, and the traces that were found.

const fields = ["serviceName", "spanName", "annotationQuery", "minDuration", "id", "failed", "limit"];

function listScreen(params) {
	const want = Object.fromEntries(fields.map((f) => [f, params.get(f) ?? ""]));
	const form = searchForm(want);
	const status = h("p", { role: "status" });
	const more = h("button", { type: "button", class: "plain", hidden: true }, "Show more");
	const list = h("ol", { class: "traces", hidden: true });
	const empty = h("div", { hidden: true });
	const root = h("div", {}, h("h1", { class: "unseen" }, "Traces"), form, h("div", { class: "found" }, status, more), list, empty);

	let items = new Map(), first = true, asked = 0;
	async function load() {
		const mine = ++asked;
		let found;
		try {
			found = await ask("api/viewer/traces?" + question(want));
		} catch (e) {
			if (mine !== asked) return;
			status.textContent = String(e.message);
			status.className = "bad";
			return;
		}
		if (mine !== asked || !root.isConnected) return; // a later answer is here, or nobody looks
		held(found.stats);
		const n = found.traces.length;
		status.className = "";
		const words = n < found.matched ? `${n} of ${count(found.matched, "trace")}, the latest first` : count(n, "trace");
		if (status.textContent !== words) status.textContent = words;
		more.hidden = n >= found.matched || n >= 200;
		more.textContent = "Show " + Math.min(200, found.matched, Math.max(n * 2, 40));
		const longest = Math.max(1, ...found.traces.map((t) => t.duration));
		const focused = document.activeElement?.closest?.(".traces a")?.getAttribute("href");
		const fresh = new Map();
		for (const t of found.traces) {
			const key = JSON.stringify(t) + longest, old = items.get(t.id);
			const li = old?.key === key ? old.li : traceItem(t, longest, !first && !old);
			fresh.set(t.id, { key, li });
		}
		items = fresh;
		first = false;
		list.hidden = n === 0;
		list.replaceChildren(...[...fresh.values()].map((i) => i.li));
		if (focused) list.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
		empty.hidden = n > 0;
		if (n === 0) empty.replaceChildren(nothing(found.stats));
	}
	more.addEventListener("click", () => go("#/?" + new URLSearchParams({ ...used(want), limit: Number.parseInt(more.textContent.slice(5), 10) })));
	list.addEventListener("keydown", (e) => {
		const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[e.key];
		const at = e.target.closest("li");
		if (!step || !at || e.ctrlKey || e.metaKey || e.altKey) return;
		e.preventDefault();
		(step > 0 ? at.nextElementSibling : at.previousElementSibling)?.firstElementChild.focus();
	});
	const refresh = soon(load, 700);
	return {
		root, title: "Traces", nav: "nav-traces", load,
		changed: refresh,
		key(e) {
			if (e.key === "/") { form.elements.annotationQuery.focus(); return true; }
			if ((e.key === "j" || e.key === "ArrowDown") && document.activeElement === $("main")) { list.querySelector("a")?.focus(); return true; }
			return false;
		},
	};
}

const used = (want) => Object.fromEntries(Object.entries(want).filter(([, v]) => v !== ""));

// question turns what was typed into Zipkin's parameters.
function question(want) {
	const q = used(want);
	const tags = [q.annotationQuery, q.failed ? "error" : ""].filter(Boolean).join(" and ");
	delete q.annotationQuery;
	delete q.failed;
	if (tags) q.annotationQuery = tags;
	if (q.minDuration) q.minDuration = micros(q.minDuration) ?? "";
	q.limit = q.limit || 20;
	return new URLSearchParams(q);
}

function searchForm(want) {
	const services = h("select", { name: "serviceName" }, h("option", { value: "" }, "All services"));
	if (want.serviceName) services.append(h("option", { value: want.serviceName }, visible(want.serviceName)));
	services.value = want.serviceName;
	const names = h("datalist", { id: "span-names" });
	const longer = h("input", { name: "minDuration", value: want.minDuration, placeholder: "100 ms", "aria-describedby": "longer-rule" });
	const rule = h("span", { id: "longer-rule", class: "unseen" }, "A number with us, ms, s or min; milliseconds without one");
	const label = (text, control, cls) => h("label", { class: cls }, h("span", {}, text), control);
	const form = h("form", { class: "search", role: "search", "aria-label": "Traces" },
		label("Service", services),
		label("Span name", h("input", { name: "spanName", value: want.spanName, list: "span-names", placeholder: "get /orders/{id}", autocomplete: "off" }), ""),
		label("Tags", h("input", { name: "annotationQuery", value: want.annotationQuery, placeholder: "zone=eu and http.route=/orders", autocomplete: "off" }), "tags"),
		label("Longer than", longer, ""),
		label("Trace or correlation id", h("input", { name: "id", value: want.id, autocomplete: "off", spellcheck: "false", class: "mono" }), ""),
		h("div", { class: "do" },
			h("label", { class: "check" }, h("input", { type: "checkbox", name: "failed", value: "yes", checked: want.failed !== "" }), h("span", {}, "Failed")),
			h("button", { class: "main" }, "Search"),
			h("button", { type: "button", class: "plain", onclick: () => go("#/") }, "Clear")),
		names, rule);
	const offer = async () => {
		const service = services.value;
		try {
			names.replaceChildren(...(service ? await ask("api/v2/spans?serviceName=" + encodeURIComponent(service)) : []).filter((n) => n === visible(n)).slice(0, 500).map((n) => h("option", { value: n })));
		} catch { /* suggestions only */ }
	};
	ask("api/v2/services").then((all) => {
		for (const s of all.slice(0, 500)) if (s !== want.serviceName) services.append(h("option", { value: s }, visible(s)));
		return offer();
	}).catch(() => { /* the list says what is wrong */ });
	const submit = () => {
		if (longer.value.trim() && micros(longer.value) === undefined) {
			longer.setCustomValidity("A number with us, ms, s or min");
			longer.reportValidity();
			return;
		}
		const all = Object.fromEntries([...new FormData(form)].map(([k, v]) => [k, v.trim()]).filter(([, v]) => v));
		go("#/" + (Object.keys(all).length ? "?" + new URLSearchParams(all) : ""));
	};
	longer.addEventListener("input", () => longer.setCustomValidity(""));
	services.addEventListener("change", submit);
	form.elements.failed.addEventListener("change", submit);
	form.addEventListener("submit", (e) => { e.preventDefault(); submit(); });
	return form;
}

function traceItem(t, longest, isNew) {
	const bar = h("i");
	bar.style.width = Math.max(1, 100 * t.duration / longest) + "%";
	const words = [
		t.errors > 0 && h("span", { class: "bad" }, count(t.errors, "error")),
		t.noRoot && h("span", {}, "no root yet"),
		t.missing > 0 && h("span", {}, count(t.missing, "missing parent")),
		t.logs > 0 && h("span", {}, count(t.logs, "log line")),
	];
	return h("li", { class: (t.errors ? "failed " : "") + (isNew ? "new" : "") },
		h("a", { href: "#/trace/" + t.id },
			h("span", { class: "what", dir: "auto" }, dot(t.service), h("b", {}, t.service), " ", t.name),
			h("span", { class: "meter", "aria-hidden": "true" }, bar),
			h("span", { class: "num took" }, duration(t.duration)),
			h("span", { class: "num dim spans" }, count(t.spans, "span")),
			h("span", { class: "num dim when" }, clock(t.start)),
			h("span", { class: "who" }, t.services.map((s) => h("span", {}, dot(s.name), `${s.name} ${s.spans}`)), words)));
}

function nothing(stats) {
	if (stats.Traces > 0) return h("div", { class: "empty" }, h("h2", {}, "No trace is like that"), h("p", { class: "dim" }, `${count(stats.Traces, "trace")} held.`));
	return h("div", { class: "empty" },
		h("h2", {}, "Nothing has arrived yet"),
		h("p", { class: "dim" }, "Send spans as to a Zipkin server; they show here at once."),
		h("pre", { tabindex: "0" }, "OTEL_EXPORTER_ZIPKIN_ENDPOINT=" + new URL("api/v2/spans", document.baseURI).href));
}

// held says what the viewer keeps and what it had to give up.
function held(s) {
	const parts = [`${count(s.Spans, "span")} of ${count(s.Traces, "trace")} held, ${bytes(s.Bytes)} of ${bytes(s.MaxBytes)}`];
	if (s.Evicted) parts.push(count(s.Evicted, "older span") + " made room");
	if (s.Dropped) parts.push(count(s.Dropped, "span") + " found none");
	if (s.Rejected) parts.push(count(s.Rejected, "request") + " refused");
	$("held").textContent = parts.join(" · ");
}
