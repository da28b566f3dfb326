// Encodes and decodes for prompts.py with the tokenizers library: a JSON object a line in, an answer a line out.
const { Tokenizer } = require("@anush008/tokenizers");
const fs = require("fs");
const file = process.argv[2];
const t = Tokenizer.fromString(fs.readFileSync(file, "utf8"));
const ascii = (v) => JSON.stringify(v).replace(/[\u007f-\uffff]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
(async () => {
	for await (const line of require("readline").createInterface({ input: process.stdin })) {
		const ask = JSON.parse(line);
		let answer;
		if (ask.encode !== undefined) answer = Array.from((await t.encode(ask.encode, null, { addSpecialTokens: false })).getIds());
		else if (ask.decode !== undefined) answer = await t.decode(ask.decode, false);
		else answer = t.getVocabSize(false);
		process.stdout.write(ascii(answer) + "\n");
	}
})();
