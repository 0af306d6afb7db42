"""What other systems call industries, by the code of the classification.

The names are those of LinkedIn's lists of industries, which HubSpot writes in capitals
('COMPUTER_SOFTWARE'), Salesforce's default list, and everyday names in English, Polish, German and
Russian. Separated by semicolons.
"""

_NAMES = {
    "A01": "agriculture; farming; farming, ranching, forestry; ranching; dairy; rolnictwo;"
    " landwirtschaft; сельское хозяйство",
    "A02": "forestry; forestry and logging; leśnictwo; forstwirtschaft",
    "A03": "fishery; fisheries; rybołówstwo",
    "B": "mining; mining & metals; górnictwo; bergbau; добыча полезных ископаемых",
    "B05": "coal",
    "B06": "oil & gas; oil and gas; oil & energy; oil gas and mining; petroleum; ropa i gaz;"
    " öl und gas; нефть и газ; нефтегазовая промышленность",
    "C": "manufacturing; industrial; industrials; production; mechanical or industrial engineering;"
    " produkcja; przemysł; industrie; fertigung; produktion; производство; промышленность",
    "C10": "food; food production; food & beverages; food and beverage services; food & beverage;"
    " consumer goods; consumer packaged goods; fmcg; food and beverage manufacturing;"
    " żywność; spożywcza; przemysł spożywczy; lebensmittel; nahrungsmittel; пищевая промышленность",
    "C11": "beverages; wine and spirits; wine & spirits; beverage manufacturing; brewery; napoje",
    "C12": "tobacco; tobacco manufacturing",
    "C13": "textiles; textile manufacturing; tekstylia; textil; текстильная промышленность",
    "C14": "apparel; apparel & fashion; fashion; clothing; apparel manufacturing; luxury goods &"
    " jewelry; odzież; moda; mode; bekleidung",
    "C15": "sporting goods leather; leather; footwear",
    "C16": "wood; wood products; drewno; holz",
    "C17": "paper & forest products; paper; paper and forest product manufacturing; packaging and"
    " containers; packaging & containers; papier",
    "C18": "printing; printing services; poligrafia; druck",
    "C20": "chemicals; chemical manufacturing; chemical; cosmetics; personal care product"
    " manufacturing; chemia; przemysł chemiczny; chemie; химическая промышленность",
    "C21": "pharma; pharmaceutical; pharmaceuticals; pharmaceutical manufacturing; farmacja;"
    " farmaceutyka; pharmazie; фармацевтика",
    "C22": "plastics; plastics manufacturing; rubber; tworzywa sztuczne; kunststoff",
    "C23": "glass, ceramics & concrete; glass ceramics and concrete manufacturing; building"
    " materials; szkło; baustoffe",
    "C24": "metals; steel; primary metal manufacturing; hutnictwo; stahl; металлургия",
    "C25": "fabricated metal products; metalworking; metallverarbeitung",
    "C26": "electronics; computer hardware; semiconductors; semiconductor manufacturing; consumer"
    " electronics; computer hardware manufacturing; nanotechnology; computers and electronics"
    " manufacturing; elektronika; elektronik; электроника; hardware",
    "C27": "electrical/electronic manufacturing; electrical & electronic manufacturing; appliances,"
    " electrical, and electronics manufacturing; electrical; elektrotechnika; elektrotechnik",
    "C28": "machinery; machinery manufacturing; industrial automation; automation machinery"
    " manufacturing; industrial machinery manufacturing; maszyny; maschinenbau; машиностроение",
    "C29": "automotive; motor vehicle manufacturing; cars; motoryzacja; automobil;"
    " automobilindustrie; автомобильная промышленность",
    "C30": "aviation & aerospace; aerospace; aviation and aerospace component manufacturing;"
    " shipbuilding; defense & space; defense and space manufacturing; railroad manufacture;"
    " railroad equipment manufacturing; lotnictwo; luftfahrt",
    "C31": "furniture; furniture and home furnishings manufacturing; meble; möbel",
    "C32": "medical devices; medical device; medical equipment manufacturing; sporting goods;"
    " sporting goods manufacturing; toys; business supplies and equipment; medizintechnik;"
    " wyroby medyczne",
    "D35": "energy; utilities; renewables & environment; renewable energy;"
    " electric power generation; power; energetyka; energia; energie; versorger; энергетика;"
    " renewables",
    "E36": "water; water, waste, steam, and air conditioning services; wodociągi",
    "E38": "environmental; environmental services; waste; recycling; gospodarka odpadami;"
    " entsorgung",
    "F41": "building; residential building construction",
    "F": "construction; budownictwo; bau; bauwesen; строительство",
    "F42": "civil engineering; infrastructure",
    "G45": "car dealers; automobile dealers",
    "G46": "wholesale; import and export; import & export; distribution; trading; wholesale import"
    " and export; handel hurtowy; hurt; großhandel; оптовая торговля",
    "G47": "retail; supermarkets; e-commerce; ecommerce; online retail; consumer;"
    " handel detaliczny; handel; einzelhandel; розничная торговля; торговля;"
    " internet marketplace platforms",
    "H49": "transportation; trucking; truck transportation; transportation/trucking/railroad; rail;"
    " ground passenger transportation; transport; transportation & trucking; railroad; транспорт",
    "H50": "maritime; maritime transportation; shipping; shipping and transport",
    "H51": "airlines; airlines and aviation; airlines/aviation; aviation",
    "H52": "logistics; logistics and supply chain; logistics & supply chain; transportation,"
    " logistics, supply chain and storage; warehousing; logistyka; logistik; логистика; package"
    " freight delivery; package/freight delivery; freight and package transportation",
    "H53": "courier; postal services; post",
    "I55": "hospitality; hotels; hotels and motels; hotelarstwo; hotellerie; гостиничный бизнес",
    "I56": "restaurants; catering; gastronomia; gastronomie; ресторанный бизнес",
    "J58": "publishing; newspapers; book and periodical publishing; wydawnictwa; verlag;"
    " newspaper publishing; computer games; writing and editing; writing & editing;"
    " издательское дело",
    "J59": "media; media production; motion pictures and film; motion pictures & film; music;"
    " animation; animation and post-production; online media; media & entertainment; medien;"
    " media i rozrywka; медиа",
    "J60": "broadcast media; broadcasting; broadcast media production and distribution",
    "J61": "telecommunications; telecom; telecommunication; communications; wireless;"
    " telekomunikacja; telekommunikation; телекоммуникации; связь",
    "J62": "technology; tech; software; saas; it; information technology; computer software;"
    " information technology & services; information technology and services; software development;"
    " it services; it services and it consulting; it system custom software development; computer"
    " networking; computer & network security; computer and network security; network security;"
    " technology, information and internet; artificial intelligence; cybersecurity; oprogramowanie;"
    " informatyka; technologia; technologie; informatik; программное обеспечение; ит; it-usługi;"
    " информационные технологии",
    "J63": "internet; information services; online services; internet publishing",
    "K": "finance & insurance; finanse; finanzen; finanzdienstleistungen; финансы;"
    " finanse i ubezpieczenia",
    "K64": "finance; banking; banks; financial services; fintech; investment banking;"
    " capital markets; venture capital & private equity; venture capital and private equity;"
    " bankowość; banki; usługi finansowe; bank; banken; bankwesen; банки; банковское дело;"
    " финансовые услуги",
    "K65": "insurance; ubezpieczenia; versicherung; versicherungen; страхование",
    "K66": "investment management; asset management; investment advice",
    "L68": "real estate; commercial real estate; leasing real estate; leasing residential real"
    " estate; property; nieruchomości; immobilien; недвижимость",
    "M69": "legal; legal services; law practice; law; accounting; alternative dispute resolution;"
    " prawo; usługi prawne; księgowość; recht; rechtsberatung; steuerberatung; юридические услуги;"
    " бухгалтерия",
    "M70": "consulting; management consulting; business consulting and services; strategic"
    " management services; doradztwo; unternehmensberatung; beratung; консалтинг; think tanks",
    "M71": "architecture & planning; architecture and planning; architecture; engineering; civil"
    " engineering services; engineering services; architektura; architektur; ingenieurwesen",
    "M72": "biotech; biotechnology; biotechnology research; research; research services;"
    " biotechnologia; biotechnologie; биотехнологии; forschung; badania; life sciences",
    "M73": "marketing; advertising; marketing and advertising; marketing & advertising; advertising"
    " services; market research; public relations and communications; public relations &"
    " communications; public relations; reklama; werbung; реклама; marketing services",
    "M74": "design; graphic design; photography; translation and localization; translation &"
    " localization; design services; professional services; usługi profesjonalne",
    "M75": "veterinary; veterinary services; weterynaria",
    "N77": "rental; leasing; equipment rental; wynajem; vermietung",
    "N78": "staffing; staffing and recruiting; staffing & recruiting; human resources; human"
    " resources services; employment; recruiting; zasoby ludzkie; personaldienstleistungen; hr;"
    " outsourcing/offshoring; outsourcing and offshoring; outsourcing and offshoring consulting",
    "N79": "travel; leisure, travel & tourism; leisure travel and tourism; travel arrangements;"
    " tourism; turystyka; tourismus; туризм",
    "N80": "security; security and investigations; security & investigations; ochrona; sicherheit",
    "N81": "facilities services; facilities; facility management",
    "N82": "events services; events; office administration; business services; executive office;"
    " executive offices; information services office",
    "O84": "government; public sector; government administration; government relations; public"
    " policy; public policy offices; military; armed forces; law enforcement; public safety;"
    " international affairs; judiciary; legislative office; legislative offices; administracja;"
    " administracja publiczna; sektor publiczny; öffentliche verwaltung; öffentlicher dienst;"
    " государственное управление; госсектор; political organization",
    "P85": "education; higher education; e-learning; primary/secondary education; primary and"
    " secondary education; education management; education administration programs; professional"
    " training & coaching; professional training and coaching; e-learning providers; edukacja;"
    " szkolnictwo; bildung; образование",
    "Q86": "medical; medical practice; medical practices; healthcare; health care; hospitals;"
    " hospital & health care; hospitals and health care; health, wellness and fitness; health,"
    " wellness & fitness; mental health care; alternative medicine; healthcare & life sciences;"
    " ochrona zdrowia; opieka zdrowotna; medycyna; zdrowie; gesundheitswesen; gesundheit;"
    " здравоохранение; медицина",
    "Q88": "individual & family services; individual and family services; social services",
    "R90": "entertainment; performing arts; fine art; fine arts; arts and crafts; artists and"
    " writers; rozrywka; kultura; unterhaltung; развлечения; entertainment providers;"
    " arts & crafts",
    "R91": "libraries; museums and institutions; museums & institutions; museums; museums,"
    " historical sites, and zoos",
    "R92": "gambling & casinos; gambling; gambling facilities and casinos; casinos",
    "R93": "sports; recreational facilities and services; recreational facilities & services;"
    " recreational facilities; fitness; wellness and fitness services; spectator sports; sport;"
    " спорт; recreation",
    "S": "services; other services; usługi; dienstleistungen; услуги",
    "S94": "non-profit; nonprofit; not for profit; non-profit organization management; nonprofit"
    " organization management; non-profit organizations; civic & social organization; civic and"
    " social organization; civic and social organizations; philanthropy; fund-raising; fundraising;"
    " religious institutions; religious institution; political organizations; ngo; program"
    " development; philanthropic fundraising services; organizacja pozarządowa; verein",
    "S95": "repair; repair and maintenance",
    "S96": "consumer services; personal services; cosmetology",
    "U99": "international trade and development; international trade & development",
}

ALIASES = {
    " ".join(name.split()): code for code, names in _NAMES.items() for name in names.split(";")
}
