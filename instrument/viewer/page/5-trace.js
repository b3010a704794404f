// One trace: its waterfall, a span's details, its log lines.

function traceScreen(id, params) {
	let trace, view, picked = params.get("span") ?? "", asked = 0, detailAsked = 0;
	const at = "api/viewer/trace/" + id;
	const root = h("article", {}, h("p", { class: "dim", role: "status" }, "Loading…"));
	const detail = h("section", { class: "detail card none", "aria-label": "Span details", tabindex: "-1" });
	const logs = h("div");
	const aside = h("aside", { "aria-label": "Details" }, detail);
	const head = h("div", { class: "head" });
	const notes = h("div");
	const link = () => new URL("#/trace/" + id + (picked ? "?span=" + picked : ""), document.baseURI).href;

	const actions = {
		get first() { return trace.first; },
		has: (span) => trace.rows.some((r) => r.id === span),
		toSpan(span) {
			const r = trace.rows.find((x) => x.id === span);
			if (r) view.reveal(r.n);
			else say("That span is not here");
		},
		close() {
			root.classList.remove("picked");
			view.root.focus();
		},
	};
	const waterfall = () => new Waterfall((row, focus) => {
		picked = row.id;
		history.replaceState(null, "", link());
		root.classList.add("picked");
		show(row, focus);
	}, () => go(backTo));

	// show waits a little: whoever holds an arrow key wants the last row.
	let pause = 0;
	function show(row, focus) {
		clearTimeout(pause);
		const mine = ++detailAsked;
		pause = setTimeout(async () => {
			try {
				const s = await ask(`${at}/span/${row.n}`);
				if (mine !== detailAsked) return;
				detail.classList.remove("none");
				detail.replaceChildren(...detailView(s, trace.lines, actions).childNodes);
				detail.scrollTop = 0;
				if (focus) detail.querySelector("h2").focus();
			} catch (e) {
				if (mine === detailAsked) detail.replaceChildren(h("p", { class: "bad" }, String(e.message)));
			}
		}, focus ? 0 : 60);
	}
	detail.addEventListener("keydown", (e) => {
		if (e.key === "Escape") { actions.close(); e.stopPropagation(); }
	});

	const find = h("input", { class: "find", type: "search", placeholder: "Find a span", "aria-label": "Find a span", autocomplete: "off" });
	find.addEventListener("keydown", (e) => {
		if (e.key === "Enter") {
			e.preventDefault();
			if (!view.find(find.value, e.shiftKey ? -1 : 1)) say("No span is like that");
		} else if (e.key === "Escape") view.root.focus();
		e.stopPropagation();
	});
	find.addEventListener("input", () => { view.needle = find.value.trim().toLowerCase(); view.stale = true; view.paint(); });
	const failures = h("button", { type: "button", onclick: () => view.find(find.value, 1, (r) => r.failed) }, "Next error");
	const tools = h("div", { class: "tools" }, find, failures,
		copier("Copy link", "Link", async () => link()),
		copier("Copy JSON", "JSON", async () => JSON.stringify(await ask("api/v2/trace/" + id), null, 2)),
		copier("Copy text", "Text", async () => (await fetch(at + "/text")).text()));
	const facts = h("div");
	head.append(facts, tools);

	async function load() {
		const mine = ++asked;
		let got;
		try {
			got = await ask(at);
		} catch (e) {
			if (mine !== asked) return;
			if (trace) notes.replaceChildren(h("p", { class: "note fault" }, e.status === 404 ? "This trace made room for others. What you see is all that is left." : String(e.message)));
			else root.replaceChildren(h("div", { class: "empty" }, h("h1", {}, e.status === 404 ? "This trace is not here" : "This cannot be shown"),
				h("p", { class: "dim" }, e.status === 404 ? "It has not arrived yet, or it made room for others. The page waits for it." : String(e.message)), h("p", {}, h("a", { href: "#/" }, "All traces"))));
			return;
		}
		if (mine !== asked) return;
		const initial = !trace;
		trace = got;
		document.title = `${trace.service}: ${trace.name} · Waymark`;
		facts.replaceChildren(
			h("h1", { dir: "auto" }, dot(trace.service), trace.service, " ", h("span", { class: "dim" }, trace.name)),
			h("p", { class: "facts" },
				h("span", {}, h("b", {}, duration(trace.duration))), h("span", {}, h("b", {}, trace.spans.toLocaleString("en")), trace.spans === 1 ? " span" : " spans"),
				h("span", {}, h("b", {}, String(trace.services.length)), trace.services.length === 1 ? " service" : " services"),
				trace.errors > 0 && h("span", { class: "bad" }, h("b", {}, String(trace.errors)), trace.errors === 1 ? " error" : " errors"),
				h("span", {}, clock(trace.start)), h("span", { class: "mono" }, id)));
		failures.hidden = trace.errors === 0;
		notes.replaceChildren(...[
			trace.noRoot && "The root of this trace is not here yet.",
			trace.missing > 0 && `${count(trace.missing, "parent")} of spans here ${trace.missing === 1 ? "is" : "are"} missing: not sent yet, not sampled, or from a service that reports elsewhere.`,
		].filter(Boolean).map((t) => h("p", { class: "note" }, t)));
		if (initial) {
			view = waterfall();
			root.replaceChildren(h("p", {}, h("a", { href: backTo }, "← All traces")), head, notes, h("div", { class: "split" }, h("div", { class: "left" }, view.root, logs), aside));
		}
		view.set(trace);
		logs.hidden = trace.lines.length === 0;
		if (trace.lines.length) logs.replaceChildren(logsView(trace, actions));
		if (initial) {
			const wanted = trace.rows.find((r) => r.id === picked);
			if (wanted) view.reveal(wanted.n);
			else detail.replaceChildren(h("p", { class: "dim" }, "Pick a span to see its tags, events and links."));
			detail.classList.toggle("none", !wanted);
			view.root.focus({ preventScroll: true });
		} else say("The trace has grown to " + count(trace.spans, "span"));
	}
	const refresh = soon(load, 1000);
	return {
		root, title: "Trace", nav: "nav-traces", load,
		changed: (which) => { if (which.more || which.traces.includes(id)) refresh(); },
		key(e) {
			if (!view) return false;
			if (e.key === "/") { find.focus(); find.select(); return true; }
			if (e.key === "Escape") { go(backTo); return true; }
			return false;
		},
		leave: () => view?.resized.disconnect(),
	};
}
