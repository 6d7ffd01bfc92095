package dates

import "strings"

// monthNames are the names of the months by language, January first; where a name has several forms (cases, spellings
// without accents) they are parted by "|". Abbreviations follow from them, see monthTable.
var monthNames = map[string]string{
	"en": "january february march|mar april may june july august september october november december",
	"fr": "janvier février|fevrier mars avril mai juin juillet août|aout septembre octobre novembre décembre|decembre",
	"de": "januar|jänner februar märz|maerz april mai juni juli august september oktober november dezember",
	"es": "enero febrero marzo abril mayo junio julio agosto septiembre|setiembre octubre noviembre diciembre",
	"pt": "janeiro fevereiro março|marco abril maio junho julho agosto setembro outubro novembro dezembro",
	"it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
	"nl": "januari februari maart|mrt april mei juni juli augustus september oktober november december",
	"sv": "januari februari mars april maj juni juli augusti september oktober november december",
	"fi": "tammikuu|tammikuuta helmikuu|helmikuuta maaliskuu|maaliskuuta huhtikuu|huhtikuuta toukokuu|toukokuuta kesäkuu|kesäkuuta heinäkuu|heinäkuuta elokuu|elokuuta syyskuu|syyskuuta lokakuu|lokakuuta marraskuu|marraskuuta joulukuu|joulukuuta",
	"pl": "styczeń|stycznia luty|lutego marzec|marca kwiecień|kwietnia maj|maja czerwiec|czerwca lipiec|lipca sierpień|sierpnia wrzesień|września październik|października listopad|listopada grudzień|grudnia",
	"cs": "leden|ledna únor|února březen|března duben|dubna květen|května červen|června červenec|července srpen|srpna září říjen|října listopad|listopadu prosinec|prosince",
	"hu": "január február március április május június július augusztus szeptember október november december",
	"tr": "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
	"ro": "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie",
	"id": "januari februari maret april mei juni juli agustus september oktober november desember",
	"ru": "январь|января февраль|февраля март|марта апрель|апреля май|мая июнь|июня июль|июля август|августа сентябрь|сентября октябрь|октября ноябрь|ноября декабрь|декабря",
	"uk": "січень|січня лютий|лютого березень|березня квітень|квітня травень|травня червень|червня липень|липня серпень|серпня вересень|вересня жовтень|жовтня листопад|листопада грудень|грудня",
	"el": "ιανουάριος|ιανουαρίου φεβρουάριος|φεβρουαρίου μάρτιος|μαρτίου απρίλιος|απριλίου μάιος|μαΐου ιούνιος|ιουνίου ιούλιος|ιουλίου αύγουστος|αυγούστου σεπτέμβριος|σεπτεμβρίου οκτώβριος|οκτωβρίου νοέμβριος|νοεμβρίου δεκέμβριος|δεκεμβρίου",
}

// months finds a month by its name or abbreviation in whatever language: no two names of monthNames clash.
var months = monthTable()

// monthTable holds each name, and its first three, four and five letters where no other month of any language begins
// with them.
func monthTable() map[string]int {
	full, short := make(map[string]int), make(map[string]int)
	for _, names := range monthNames {
		for i, forms := range strings.Fields(names) {
			for name := range strings.SplitSeq(forms, "|") {
				full[name] = i + 1
				letters := []rune(name)
				for n := 3; n <= 5 && n < len(letters); n++ {
					cut := string(letters[:n])
					if m, ok := short[cut]; ok && m != i+1 {
						short[cut] = 0 // such as "jui": June or July
					} else {
						short[cut] = i + 1
					}
				}
			}
		}
	}
	for cut, m := range short {
		if _, ok := full[cut]; !ok && m > 0 {
			full[cut] = m
		}
	}
	return full
}

func monthNumber(s string) int { return months[strings.ToLower(strings.TrimSuffix(s, "."))] }
