// Compares tests/tools/tokenize with the reference implementation (the npm package "tokenizers": the Rust library itself).
//   node judge.js TOKENIZE TOKENIZER.JSON SEED N [PROSE]      NODE_PATH names where the package is
'use strict';
const fs = require('fs');
const path = require('path');
const { spawnSync } = require('child_process');
const { Tokenizer } = require('tokenizers');
const make = require('./texts.js');

const [tool, file, seed, count, prosePath] = [process.argv[2], process.argv[3], +process.argv[4], +process.argv[5], process.argv[6]];
const root = path.join(__dirname, '../..');
const json = JSON.parse(fs.readFileSync(file, 'utf8'));
const judge = Tokenizer.fromString(JSON.stringify(json));

function records(list, unit) {
	const parts = [];
	for (const x of list) {
		const body = Buffer.isBuffer(x) ? x : Buffer.from(Uint32Array.from(x).buffer);
		const head = Buffer.alloc(4);
		head.writeUInt32LE(body.length / unit);
		parts.push(head, body);
	}
	return Buffer.concat(parts);
}
function unrecords(b, unit) {
	const out = [];
	for (let at = 0; at < b.length;) {
		const n = b.readUInt32LE(at) * unit;
		out.push(b.subarray(at + 4, at + 4 + n));
		at += 4 + n;
	}
	return out;
}
const idsOf = (b) => Array.from({ length: b.length / 4 }, (_, i) => b.readUInt32LE(4 * i));

function ours(mode, list) {
	const [unitIn, unitOut] = mode === 'encode' ? [1, 4] : [4, 1];
	const r = spawnSync(tool, [mode, file], { input: records(list, unitIn), maxBuffer: 1 << 30 });
	if (r.status !== 0) throw new Error(`${tool} ${mode}: ${r.stderr}`);
	const out = unrecords(r.stdout, unitOut);
	if (out.length !== list.length) throw new Error(`${out.length} answers to ${list.length}`);
	return out;
}

let shown = 0;
function differs(what, input, want, got) {
	if (shown++ < 5) console.log(`  ${what} of ${JSON.stringify(input).slice(0, 300)}\n    reference ${JSON.stringify(want).slice(0, 300)}\n    ours      ${JSON.stringify(got).slice(0, 300)}`);
}
const same = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);

// What transformers does to a decoded text when tokenizer_config.json says clean_up_tokenization_spaces.
const beside = path.join(path.dirname(file), 'tokenizer_config.json');
const cleans = fs.existsSync(beside) && JSON.parse(fs.readFileSync(beside, 'utf8')).clean_up_tokenization_spaces === true;
function cleanUp(s) {
	if (cleans)
		for (const [from, to] of [[' .', '.'], [' ?', '?'], [' !', '!'], [' ,', ','], [" ' ", "'"], [" n't", "n't"], [" 'm", "'m"], [" 's", "'s"], [" 've", "'ve"], [" 're", "'re"]])
			s = s.replaceAll(from, to);
	return s;
}

async function main() {
	const added = (json.added_tokens || []).map((a) => a.content);
	const prose = prosePath && fs.existsSync(prosePath) ? fs.readFileSync(prosePath, 'utf8') : '';
	const size = judge.getVocabSize(true);
	const sequences = make.ids(seed, count, size);
	const wantTexts = [];
	for (const s of sequences) wantTexts.push(cleanUp(await judge.decode(s, false)));
	const gotTexts = ours('decode', sequences).map((b) => b.toString('utf8'));
	let bad = 0;
	wantTexts.forEach((w, i) => {
		if (w !== gotTexts[i]) bad++, differs('decode', sequences[i], w, gotTexts[i]);
	});
	// the decoded texts are texts to encode, too: what a benchmark's prompts are
	const texts = make.texts(seed + 1, count, root, prose, added).concat(wantTexts.slice(0, count / 2));
	const got = ours('encode', texts.map((t) => Buffer.from(t, 'utf8'))).map(idsOf);
	let badEncode = 0, tokens = 0;
	for (let i = 0; i < texts.length; i++) {
		const want = texts[i] === '' ? [] : (await judge.encode(texts[i], null, { addSpecialTokens: false })).getIds();
		tokens += want.length;
		if (!same(want, got[i])) badEncode++, differs('encode', texts[i], want, got[i]);
	}
	console.log(`${path.basename(path.dirname(path.dirname(file)))}: ${texts.length} texts (${tokens} tokens) encoded, ${badEncode} differ; ` +
		`${sequences.length} id sequences decoded, ${bad} differ; vocabulary ${judge.getVocabSize(false)}`);
	process.exitCode = bad || badEncode ? 1 : 0;
}
main().catch((e) => {
	console.error(String(e));
	process.exitCode = 2;
});
