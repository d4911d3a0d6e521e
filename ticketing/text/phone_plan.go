package text

import "strings"

// The numbering plan, as data. A new operator is a new entry here.

// mobilePrefixes are the first three of ten digits.
var mobilePrefixes = set(`
	032 033 034 035 036 037 038 039
	052 055 056 058 059
	070 076 077 078 079
	081 082 083 084 085 086 087 088 089
	090 091 092 093 094 096 097 098 099`)

// oldMobilePrefixes are the first four of eleven digits, as they were until
// 2018, with what stands for them since.
var oldMobilePrefixes = pairs(`
	0120 070  0121 079  0122 077  0126 076  0128 078
	0123 083  0124 084  0125 085  0127 081  0129 082
	0162 032  0163 033  0164 034  0165 035  0166 036  0167 037  0168 038  0169 039
	0186 056  0188 058
	0199 059`)

// oldAreaCodes changed in 2017: Quảng Nam and Đà Nẵng.
var oldAreaCodes = pairs(`0510 0235  0511 0236`)

// bigCities have three-digit area codes and eight-digit numbers; every other
// area code is 02xx, with seven.
var bigCities = set(`024 028`)

// shortCodes are dialled as they are: children, police, fire, ambulance, this
// service.
var shortCodes = set(`111 112 113 114 115 1022`)

// servicePrefixes are followed by four or six digits.
var servicePrefixes = set(`1800 1900`)

// localCode can be dialled behind an area code too: 0235.1022.
const localCode = "1022"

func set(list string) map[string]bool {
	m := make(map[string]bool)
	for _, s := range strings.Fields(list) {
		m[s] = true
	}
	return m
}

func pairs(list string) map[string]string {
	m := make(map[string]string)
	fields := strings.Fields(list)
	for i := 0; i+1 < len(fields); i += 2 {
		m[fields[i]] = fields[i+1]
	}
	return m
}

// national brings the digits of a Vietnamese number, from its 0 on, up to
// date: 0 and nine or ten digits, or a short code behind an area code.
func national(d string) (string, bool) {
	if len(d) < 7 || len(d) > 11 {
		return "", false
	}
	if next, ok := oldMobilePrefixes[d[:4]]; ok && len(d) == 11 {
		return next + d[4:], true
	}
	if next, ok := oldAreaCodes[d[:4]]; ok {
		d = next + d[4:]
	}
	switch {
	case mobilePrefixes[d[:3]]:
		return d, len(d) == 10
	case bigCities[d[:3]]:
		return d, len(d) == 11 || d[3:] == localCode
	case d[:2] == "02":
		return d, len(d) == 11 || d[4:] == localCode
	}
	return "", false
}

func isShort(d string) bool {
	return shortCodes[d] || (len(d) == 8 || len(d) == 10) && servicePrefixes[d[:4]]
}
