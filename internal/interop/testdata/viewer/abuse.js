// What strangers' spans, many spans, small screens and other eyes do to the page.
const assert = require("node:assert/strict");
const b = require("./harness.js");
const { open, order, post, api, newest, rowNamed, shot, faults, list, row, details, hostile, desktop, phone, axe } = b;

module.exports = {
	async "hostile names are inert"() {
		const tags = { [hostile]: hostile, error: hostile, big: "x".repeat(1 << 20), __proto__x: "y", "otlp.link.0": `javascript:alert(1)|${hostile}` };
		await post([{ traceId: "aa", id: "1", name: hostile, timestamp: Date.now() * 1000, duration: 5, tags,
			localEndpoint: { serviceName: hostile }, remoteEndpoint: { serviceName: hostile }, annotations: [{ timestamp: 1e15, value: hostile }, { timestamp: 1e15, value: "y".repeat(1 << 20) }] }]);
		const inert = async () => {
			assert.equal(await b.page.evaluate(() => window.hacked), undefined);
			assert.equal(await b.page.evaluate(() => document.images.length + document.querySelectorAll("main b > b, main script, iframe, a[href^=javascript]").length), 0);
			assert.equal(await b.page.evaluate(() => document.scripts.length), 1);
			assert.doesNotMatch(await b.page.evaluate(() => document.body.innerText), /[\u0000-\u0008\u001b\u202e]/);
		};
		await open("#/?id=aa", list);
		await b.page.locator(list).getByText("<script>window.hacked=1</script>").first().waitFor();
		await inert();
		await open("#/?serviceName=" + encodeURIComponent(hostile), ".search");
		await inert();
		await open("#/trace/00000000000000aa?span=0000000000000001", details);
		await b.page.getByText("1.0 MiB in all").first().waitFor();
		await inert();
		assert.ok((await b.page.evaluate(() => document.body.innerText)).length < 20_000, "a value of 1 MB is cut");
		await open("#/counters", ".counters tbody tr");
		await b.page.getByText("<b>route</b>").waitFor();
		await inert();
		await open("#/trace/<img src=x onerror=window.hacked=1>", ".search"); // no such screen
		await inert();
	},

	async "the policy holds"() {
		await open("", list);
		const refused = await b.page.evaluate(async () => {
			const out = {};
			for (const [name, f] of Object.entries({
				markup: () => { document.createElement("div").innerHTML = "<b>x</b>"; },
				evaluation: () => { setTimeout("window.hacked=2"); },
				trusted: () => { trustedTypes.createPolicy("x", {}); },
			})) { try { f(); out[name] = "allowed"; } catch { out[name] = "refused"; } }
			const s = document.createElement("style");
			s.textContent = "body { --injected: yes }";
			document.head.append(s);
			out.style = getComputedStyle(document.body).getPropertyValue("--injected") || "refused";
			out.elsewhere = await fetch("https://example.invalid/").then(() => "allowed", () => "refused");
			return out;
		});
		for (const [name, what] of Object.entries(refused)) assert.equal(what, "refused", name);
		assert.ok(faults.length > 0);
		faults.length = 0; // each refusal is one
	},

	async "ten thousand spans"() {
		await open("#/trace/00000000000000bb", row);
		const tree = b.page.locator(".grid");
		assert.equal(await tree.getAttribute("aria-rowcount"), "10001");
		const few = async () => assert.ok(await b.page.locator(row).count() < 150, "only what is in sight is there");
		await few();
		await b.page.keyboard.press("End");
		await b.page.waitForSelector(`${row}[aria-rowindex="10001"]`);
		await b.page.waitForSelector(details);
		await few();
		for (let i = 0; i < 50; i++) await b.page.keyboard.press("ArrowUp");
		await b.page.waitForSelector(`${row}[aria-rowindex="9951"][aria-selected=true]`);
		await b.page.getByLabel("Find a span").fill("span 9876");
		await b.page.keyboard.press("Enter");
		await b.page.locator(`${row}[aria-selected=true]`, { hasText: "span 9876" }).waitFor();
		await b.page.getByRole("button", { name: "Next error" }).click();
		await b.page.locator(`${row}[aria-selected=true]`, { hasText: "span 7777" }).waitFor();
		await tree.focus();
		await b.page.keyboard.press("Home");
		await b.page.keyboard.press("ArrowLeft"); // fold everything
		await b.page.waitForFunction(([s]) => document.querySelectorAll(s).length === 1, [row]);
		await b.page.keyboard.press("ArrowRight");
		await few();
		await tree.evaluate((e) => { e.scrollTop = e.scrollHeight / 2; });
		await b.page.locator(row, { hasText: /span \d+/ }).nth(20).waitFor();
		await few();
	},

	async "phone width"() {
		const fits = async (what) => assert.ok(await b.page.evaluate(() => document.documentElement.scrollWidth) <= phone.width, what + " is wider than the phone");
		for (const [hash, wait] of [["", list], ["#/counters", ".counters tbody tr"], ["#/trace/00000000000000aa?span=0000000000000001", details], ["#/trace/00000000000000bb", row]]) {
			await open(hash, wait, { size: phone });
			await fits(hash);
		}
		const failed = (await api("/api/viewer/traces?serviceName=shop&annotationQuery=error")).traces[0];
		await open("#/trace/" + failed.id, row, { size: phone, scheme: "dark" });
		await rowNamed("price order").click();
		await b.page.waitForSelector(details);
		await shot("phone");
		assert.ok((await b.page.locator(`${row}[aria-selected=true]`).boundingBox()).y < (await b.page.locator(".detail").boundingBox()).y, "the row is not under the sheet");
		await b.page.getByRole("button", { name: "Close the details" }).click();
		assert.equal(await b.page.locator(".detail").evaluate((e) => getComputedStyle(e).position), "static");
	},

	async "nothing serious found by axe"() {
		for (const scheme of ["light", "dark"]) for (const size of [desktop, phone]) {
			for (const [hash, wait] of [["", list], ["#/?id=nothing", ".empty"], ["#/trace/" + (await newest()).id, row], ["#/trace/00000000000000aa?span=0000000000000001", details], ["#/trace/00000000000000bb", row], ["#/counters", ".counters tbody tr"]]) {
				await open(hash, wait, { size, scheme });
				if (hash.startsWith("#/trace/") && !hash.includes("span=")) {
					await b.page.keyboard.press("ArrowDown");
					await b.page.waitForSelector(details);
				}
				await b.page.evaluate(axe);
				const { violations, passes } = await b.page.evaluate(() => window.axe.run());
				assert.ok(passes.length > 10, "axe has looked");
				const serious = violations.filter((v) => v.impact === "serious" || v.impact === "critical");
				assert.deepEqual(serious.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 200)).join(" ")}`), [], `${hash} ${scheme} ${size.width}`);
			}
		}
	},

	async "what is gone is said"() {
		await open("#/trace/00000000000000ff", ".empty");
		await b.page.getByText("This trace is not here").waitFor();
		assert.deepEqual(faults.splice(0).filter((f) => !/404/.test(f)), []);
	},
};
