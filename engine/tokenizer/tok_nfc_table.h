/* The tables behind tok_nfc.c; their content is made by tok_nfc_table.py. */
#ifndef BENCHTOP_TOK_NFC_TABLE_H
#define BENCHTOP_TOK_NFC_TABLE_H
#include <stddef.h>
#include <stdint.h>

struct nfc_pair {
	uint32_t a, b, c;
};
struct nfc_range {
	uint32_t from, to, value;
};

extern const struct nfc_pair nfc_decomposed[]; /* a is b followed by c (0: nothing); sorted by a */
extern const size_t nfc_decomposed_n;
extern const struct nfc_pair nfc_composed[]; /* a followed by b is c; sorted */
extern const size_t nfc_composed_n;
extern const struct nfc_range nfc_classes[]; /* combining classes other than 0 */
extern const size_t nfc_classes_n;
/* Characters that may change what comes before them, or that are never in normalised text. */
extern const struct nfc_range nfc_careful[];
extern const size_t nfc_careful_n;
extern const uint32_t nfc_blocks[0x110000 / 64 / 32]; /* a bit for 64 code points: some of them are in nfc_careful */

#endif
