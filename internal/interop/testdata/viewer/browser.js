// Uses the viewer's page in a browser and reports each scenario as a line of
// JSON.
const assert = require("node:assert/strict");
const b = require("./harness.js");
const { chromium, flags, CHROMIUM, PROFILE, order, faults } = b;
const scenarios = { ...require("./use.js"), ...require("./abuse.js") };

(async () => {
	b.context = await chromium.launchPersistentContext(PROFILE, { executablePath: CHROMIUM, args: flags, permissions: ["clipboard-read", "clipboard-write"] });
	b.context.setDefaultTimeout(30_000);
	await order(1);
	await order(7, "order-seven");
	await order(13);
	let failed = false;
	for (const [name, run] of Object.entries(scenarios)) {
		let result = "ok";
		try {
			await run();
			const found = faults.splice(0).filter((f) => !(name === "live update while requests arrive" && /404/.test(f)));
			assert.deepEqual(found, [], "the browser complained");
		} catch (e) {
			result = String(e.stack ?? e);
			faults.length = 0;
			failed = true;
		}
		console.log(JSON.stringify({ name, result }));
	}
	await b.context.close();
	process.exit(failed ? 1 : 0);
})().catch((e) => { console.error(e); process.exit(2); });
