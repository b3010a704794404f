// Which screen is shown, and what it is told of what arrives.

let screen, backTo = "#/", following = true, source;

const go = (hash) => {
	if (location.hash === hash) route();
	else location.hash = hash;
};

function route() {
	const [path, query] = (location.hash.slice(1) || "/").split("?", 2);
	const params = new URLSearchParams(query ?? "");
	const trace = /^\/trace\/([0-9a-f]{1,32})$/i.exec(path);
	screen?.leave?.();
	if (trace) screen = traceScreen(trace[1].toLowerCase(), params);
	else if (path === "/counters") screen = countersScreen();
	else { screen = listScreen(params); backTo = location.hash || "#/"; }
	document.title = screen.title + " · Waymark";
	for (const a of document.querySelectorAll(".bar nav a")) {
		if (a.id === screen.nav) a.setAttribute("aria-current", "page");
		else a.removeAttribute("aria-current");
	}
	const had = $("main").contains(document.activeElement) || document.activeElement === document.body;
	$("main").replaceChildren(screen.root);
	window.scrollTo(0, 0);
	if (had) $("main").focus({ preventScroll: true });
	screen.load();
	if (!$("held").textContent) ask("api/viewer/stats").then(held).catch(() => { /* the screen says what is wrong */ });
}

// follow listens while the page is seen: browsers allow few connections.
function follow() {
	source?.close();
	source = undefined;
	$("live").classList.remove("lost");
	if (!following || document.hidden) return;
	source = new EventSource("api/viewer/live");
	let lost = false;
	source.onopen = () => {
		$("live").classList.remove("lost");
		if (lost) screen.changed({ traces: [], more: true });
		lost = false;
	};
	source.onmessage = (e) => screen.changed(JSON.parse(e.data));
	source.onerror = () => { lost = true; $("live").classList.add("lost"); };
}

$("live").addEventListener("click", () => {
	following = !following;
	$("live").setAttribute("aria-pressed", String(following));
	follow();
	if (following) { screen.changed({ traces: [], more: true }); screen.resumed?.(); }
});
document.addEventListener("visibilitychange", () => {
	follow();
	if (!document.hidden && following) { screen.changed({ traces: [], more: true }); screen.resumed?.(); }
});
document.addEventListener("keydown", (e) => {
	if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest?.("input, select, textarea")) return;
	if (screen.key(e)) e.preventDefault();
});
window.addEventListener("hashchange", route);
route();
follow();
