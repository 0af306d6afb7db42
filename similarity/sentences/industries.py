"""Pure: industries as sentences name them, in English, Polish and Russian.

A sentence says 'a dairy', 'mleczarnia' or 'молокозавод' where a list of industries says 'Food
products'. The codes are those of `workspace.accounts.industries`.
"""

from functools import cache

from similarity.sentences.words import Phrases

INDUSTRIES = {
    "A01": "farm; farms; farmer; farmers; farming; agriculture; agricultural; agribusiness;"
    " grower; growers; vineyard; vineyards; orchard; orchards; gospodarstw* roln*; rolnictw*;"
    " rolnicz*; sadownicz*; сельск* хозяйств*; сельскохозяйственн*; агрохолдинг*; агропромышленн*;"
    " фермер*; тепличн*",
    "A02": "forestry; leśnictw*; lasy państwowe; лесхоз*; лесничеств*; лесн* хозяйств*",
    "A03": "fishery; fisheries; fish farm; fish farms; fish farming; salmon farm; salmon farms;"
    " salmon farmer; salmon farmers; aquaculture; seafood; trawler; trawlers; rybołów*; hodowl*"
    " ryb; rybn*; рыболов*; рыбн*; рыбоводств*; аквакультур*",
    "B": "mining; mining company; mine; mines; miner; miners; górnicz*; górnictw*; kopalni*;"
    " kopaln*; горнодобыва*; горн* добыч*; рудник*; шахт*; добывающ*",
    "B05": "coal mine; coal mines; coal mining; colliery; kopalni* węgla; угольн*",
    "B06": "oil and gas; oil company; oil producer; oil producers; gas producer; naftow*; ropy i"
    " gazu; нефтяник*; нефтегаз*; нефтян*; газодобыва*",
    "C": "manufacturer; manufacturers; manufacturing; factory; factories; producent; producenta;"
    " producentem; producentów; produkcyjn*; fabryk*; fabrycz*; производител*; фабрик*; завод;"
    " завода; заводу; заводом; заводе; заводы; заводов; производственн*",
    "C10": "dairy; dairies; creamery; creameries; cheesemaker; cheesemakers; food producer; food"
    " producers; food manufacturer; food manufacturers; food processor; food company; food"
    " companies; bakery; bakeries; baker; meat plant; meat plants; meat processor; meat"
    " processors; slaughterhouse; confectioner; confectionery; chocolate maker; chocolate"
    " manufacturer; yoghurt maker; yogurt maker; sugar mill; flour mill; ready meals; frozen food;"
    " mleczar*; spożywcz*; piekar*; cukierni*; cukrowni*; zakład* mięsn*; ubojni*; mięsn*;"
    " producent* żywności; молочн*; молокозавод*; маслозавод*; сыроварн*; сыродел*; мясокомбинат*;"
    " мясоперераб*; хлебозавод*; хлебокомбинат*; пекарн*; кондитерск*; пищев* производ*; пищев*"
    " промышлен*; пищев* комбинат*; производител* продуктов; птицефабрик*; сахарн* завод*",
    "C11": "brewery; breweries; brewer; brewers; distillery; distilleries; distiller; winery;"
    " wineries; beverage company; beverage producer; drinks producer; soft drinks; bottler;"
    " browar*; gorzelni*; winiar*; rozlewni*; producent* napojów; пивовар*; пивзавод*; винодел*;"
    " винзавод*; ликероводочн*; ликёроводочн*; производител* напитков",
    "C13": "textile; textiles; textile mill; weaving mill; spinning mill; włókiennicz*; tekstyln*;"
    " tkacki*; przędzalni*; текстильн*; ткацк*; прядильн*",
    "C14": "clothing company; clothing manufacturer; apparel; fashion brand; fashion house;"
    " garment maker; odzieżow*; szwalni*; швейн*; производител* одежды",
    "C15": "shoe maker; shoe manufacturer; footwear; obuwnicz*; обувн*",
    "C16": "sawmill; sawmills; wood processor; tartak*; лесопил*; деревообрабатыв*",
    "C17": "paper mill; paper mills; pulp mill; papermaker; packaging producer; packaging"
    " manufacturer; papierni*; papiernicz*; producent* opakowań; целлюлозн*; бумажн* комбинат*;"
    " бумажн* фабрик*",
    "C18": "printing house; printing houses; printer works; print shop; drukarni*; poligraficzn*;"
    " типограф*; полиграфич*",
    "C19": "refinery; refineries; rafineri*; нефтеперераб*",
    "C20": "chemical company; chemical plant; chemical plants; chemicals; chemicals maker;"
    " chemical producer; chemical; fertiliser maker; fertilizer maker; paint maker; cosmetics;"
    " cosmetics maker; chemiczn*; nawozow*; kosmetyczn*; химическ*; химзавод*; химкомбинат*;"
    " косметич*",
    "C21": "producent* leków; производител* лекарств; pharma; pharmaceutical; pharmaceuticals;"
    " drug maker; drugmaker; drugmakers; farmaceutyczn*; фармацевт*; фармкомпани*; фармзавод*",
    "C22": "plastics; plastics maker; plastic; plastics processor; rubber; tyre maker; tyre"
    " manufacturer; tworzyw*; gumow*; producent* opon; пластмасс*; шинн* завод*; резинов*",
    "C23": "glassworks; glass maker; glass manufacturer; ceramics; cement; cement plant; cement"
    " works; brickworks; hut* szkła; cementowni*; ceramiczn*; cegielni*; цементн*; стекольн*;"
    " керамическ*; кирпичн*",
    "C24": "steel; steelworks; steelmaker; steelmakers; steel mill; steel mills; foundry;"
    " foundries; smelter; aluminium smelter; hut* stali; hut* aluminium; алюминиев* завод*;"
    " hutnicz*; odlewni*; stalown*; металлург*; сталелитейн*; литейн*",
    "C25": "metalworking; metal fabricator; metalworks; toolmaker; obróbk* metali; metalow*;"
    " металлообработ*; металлоконструкц*",
    "C26": "electronics; electronics manufacturer; electronics maker; chip maker; chipmaker;"
    " semiconductor; semiconductors; elektroniczn*; półprzewodnik*; электронн* промышлен*;"
    " производител* электроники; микроэлектрон*; приборостроит*; полупроводник*",
    "C27": "electrical equipment; cable maker; appliance maker; household appliances; agd;"
    " elektrotechniczn*; kablow*; электротехнич*; кабельн*; бытов* техник*",
    "C28": "machine builder; machine builders; machine maker; machinery maker; machinery;"
    " mechanical engineering; machine tool; machine tools; pump maker; pump manufacturer; crane"
    " maker; maszynow*; producent* maszyn; машиностро*; станкостро*",
    "C29": "carmaker; carmakers; car maker; car manufacturer; automotive; automotive supplier; car"
    " parts; motoryzacyjn*; samochodow*; автопром*; автозавод*; автомобильн*; автокомпонент*",
    "C30": "aerospace; shipyard; shipyards; aircraft maker; aircraft manufacturer; train maker;"
    " rolling stock; stoczni*; lotnicz* zakład*; taboru kolejowego; верфь; верфи; верфью;"
    " судостроит*; авиастроит*; вагоностроит*",
    "C31": "furniture; furniture maker; furniture makers; furniture manufacturer; kitchen maker;"
    " mebli; mebl*; meblarsk*; мебели; producent* mebli; мебельн*",
    "C32": "medical devices; medical device; medtech; implant maker; toy maker; toymaker; wyrob*"
    " medyczn*; zabawkarsk*; медицинск* издели*; медицинск* техник*",
    "D35": "utility; utilities; power company; power plant; power plants; power station; energy"
    " company; energy companies; energy supplier; energy utility; electricity supplier; grid"
    " operator; gas supplier; district heating; wind farm; wind farms; solar farm; solar farms;"
    " energetyk*; energetyczn*; elektrowni*; elektrociepłowni*; ciepłowni*; gazowni*; farm*"
    " wiatrow*; энергетик*; энергетическ*; электростанц*; энергосбыт*; энергокомпан*; теплосет*;"
    " электросет*; тэц; гэс; аэс",
    "E36": "water utility; water utilities; waterworks; water company; water supplier; wodociąg*;"
    " водоканал*; водоснабж*",
    "E38": "waste; waste management; waste company; recycling; recycler; recyclers; gospodark*"
    " odpadami; odpadow*; recyklingow*; вывоз* мусора; мусороперераб*; переработк* отходов",
    "F": "construction; construction company; builder; builders; building contractor; general"
    " contractor; housebuilder; budowlan*; budownictw*; строительн*; застройщик*; генподрядчик*",
    "F42": "road builder; road builders; bridge builder; civil engineering; drogow* firm*;"
    " drogowc*; дорожностроит*; дорожно строительн*",
    "G45": "car dealer; car dealers; car dealership; car dealerships; dealer* samochod*; salon*"
    " samochodow*; автодилер*; автосалон*",
    "G46": "wholesaler; wholesalers; wholesale; distributor; distributors; hurtowni*; hurtow*;"
    " dystrybutor*; оптов*; дистрибьютор*; дистрибутор*",
    "G47": "retailer; retailers; retail; retail chain; supermarket; supermarkets; grocer; grocers;"
    " grocery chain; grocery; shop; shops; store chain; chain of stores; department store;"
    " department stores; online shop; online shops; e commerce; ecommerce; pharmacy chain; chain"
    " of pharmacies; pharmacies; drugstore; drugstores; discounter; discounters; diy chain; sklep;"
    " sklepy; sklepów; sklepu; sklepem; sklepami; sieć sklepów; sieci sklepów; handlow*;"
    " detalist*; detaliczn*; supermarket*; drogeri*; aptek*; market* budowlan*; dyskont*;"
    " розничн*; ритейл*; магазин*; супермаркет*; гипермаркет*; торгов* сет*; сет* аптек; аптечн*;"
    " аптек*",
    "H49": "haulier; hauliers; haulage; trucking; trucking company; railway; railways; railroad;"
    " rail operator; rail freight; train operator; bus operator; bus company; road freight;"
    " freight railway; przewoźnik* drogow*; przewoźnik* kolejow*; kolej; kolei; koleje; kolejow*;"
    " transportow*; spedytor*; autobusow*; железн* дорог*; железнодорожн*; грузоперевоз*;"
    " автоперевоз*; автобусн* парк*; перевозчик*; транспортн* компан*",
    "H50": "shipping company; shipping line; shipping lines; ferry operator; ferry operators;"
    " ferry; shipowner; armator*; żeglug*; promow*; судоходн*; паромн*; судовладел*; пароходств*",
    "H51": "airline; airlines; air carrier; lini* lotnicz*; авиакомпани*; авиалини*; авиаперевоз*",
    "H52": "logistics; logistics company; logistics provider; logistics operator; 3pl;"
    " warehousing; warehouse operator; freight forwarder; freight forwarders; forwarder; airport;"
    " airports; port operator; container terminal; container terminals; seaport; logistyczn*;"
    " logistyk*; spedycj*; spedycyjn*; magazynow* operator*; lotnisk*; port* lotnicz*; porc*"
    " lotnicz*; portu lotniczego; terminal* kontenerow*; логистическ*; логистик*; аэропорт*;"
    " экспедит*; складск* операт*; контейнерн* терминал*; морск* порт*",
    "H53": "courier; courier company; couriers; parcel service; parcel carrier; parcel company;"
    " postal service; postal operator; poczt*; kuriersk*; курьерск*; почтов*; почта; служб*"
    " доставки",
    "I55": "hotel; hotels; hotel chain; hotel group; hostel; hostels; hotelow*; hotelarsk*;"
    " hotelu; hoteli; hotele; hotelem; hotelach; гостиниц*; гостиничн*; отел*; отель; отелю",
    "I56": "restaurant; restaurants; restaurant chain; caterer; caterers; catering; catering"
    " company; pizzeria; pizzerias; pizza chain; burger chain; coffee chain; cafés; cafes;"
    " restaurac*; gastronomi*; pizzeri*; kawiarni*; ресторан*; кафе; общепит*; кейтеринг*;"
    " кофеен*; пиццери*",
    "J58": "publisher; publishers; publishing house; newspaper; newspapers; magazine publisher;"
    " wydawnictw*; wydawc*; издательств*; издательск*; газет*",
    "J59": "film studio; film studios; film producer; studi* filmow*; киностуд*",
    "J60": "broadcaster; broadcasters; radio station; radio stations; tv station; tv channel;"
    " nadawc*; stacj* telewizyjn*; stacj* radiow*; телеканал*; телекомпан*; радиостанц*; вещател*",
    "J61": "telecom; telecoms; telco; telcos; telecommunications; mobile operator; mobile"
    " operators; telekom; telekomunikacyjn*; operator* komórkow*; телеком*; мобильн* оператор*;"
    " сотов* оператор*; оператор* связи",
    "J62": "software house; software houses; software company; software companies; software"
    " vendor; software vendors; software maker; it services; it company; it companies; saas; saas"
    " company; firm* informatyczn*; spółk* informatyczn*; producent* oprogramowania; software"
    " hous*; разработчик* программ*; разработчик* по; it компани*; ит компани*; айти компани*",
    "K64": "bank; banks; banking; building society; credit union; lender; lenders; fintech;"
    " savings bank; bank*; spółdzielcz* kas*; банк; банка; банку; банком; банке; банки; банков;"
    " банкам; банковск*",
    "K65": "insurer; insurers; insurance; insurance company; insurance companies; insurance group;"
    " pension fund; pension funds; reinsurer; ubezpieczyciel*; ubezpieczeni*; reasekurat*;"
    " fundusz* emerytaln*; страховщик*; страхов*; пенсионн* фонд*; перестрахов*",
    "K66": "asset manager; asset managers; stock exchange; broker; brokers; brokerage; dom"
    " maklersk*; giełd*; брокерск*; бирж*; управляющ* компани* активами",
    "L68": "real estate; property company; property developer; property manager; landlord;"
    " landlords; housing association; housing associations; shopping centre operator; deweloper*;"
    " nieruchomości; spółdzielni* mieszkaniow*; девелопер*; недвижимост*",
    "M69": "law firm; law firms; accountancy; accounting firm; accounting firms; audit firm;"
    " auditors; notary; notaries; kancelari*; biur* rachunkow*; firm* audytorsk*; юридическ*;"
    " адвокатск*; аудиторск*; нотариус*",
    "M70": "consultancy; consultancies; consulting; consulting firm; doradcz*; konsultingow*;"
    " консалтинг*",
    "M71": "architects; architecture firm; engineering firm; engineering office; engineering"
    " consultancy; biur* projektow*; biur* architekt*; архитектурн*; проектн* институт*",
    "M72": "biotech; biotechs; research institute; research institutes; instytut* badawcz*;"
    " biotechnologiczn*; биотех*; научн* институт*; нии",
    "M73": "advertising agency; advertising agencies; ad agency; market research firm; marketing"
    " agency; agencj* reklamow*; agencj* marketingow*; рекламн* агентств*; маркетингов* агентств*",
    "M75": "vet; vets; veterinary; veterinary clinics; weterynar*; ветеринарн* клиник*; klinik*"
    " weterynar*; ветеринар*; ветклиник*",
    "N77": "leasing; leasing company; car rental; rental company; equipment rental; leasingow*;"
    " wypożyczalni*; лизинг*; прокат* автомоб*",
    "N78": "staffing agency; staffing agencies; temp agency; recruitment agency; recruiter;"
    " recruiters; agencj* pracy; agencj* rekrutacyjn*; кадров* агентств*; рекрутингов*",
    "N79": "travel agency; travel agencies; tour operator; tour operators; biur* podróży;"
    " touroperator*; turystyczn*; турагент*; туроператор*; туристическ*",
    "N80": "security company; security firm; guarding company; ochroniarsk*; agencj* ochrony;"
    " охранн*",
    "N81": "facility management; facilities company; cleaning company; cleaning firm; sprzątając*;"
    " firm* sprzątaj*; клининг*; эксплуатационн* компани*",
    "N82": "call centre; call centres; call center; call centers; contact centre; contact center;"
    " bpo; колл центр*; контакт центр*",
    "O84": "ministry; ministries; municipality; municipalities; city council; county council; town"
    " hall; city hall; public administration; city administration; municipal administration;"
    " government agency; tax office; police; fire service; army;"
    " armed forces; urząd*; urzęd*; gmin*; ministerstw*; policj*; straż* pożarn*; magistrat*;"
    " samorząd*; министерств*; мэри*; муниципал*; администрац* город*;"
    " городск* администрац*; полици*; госорган*; госучрежд*; налогов* служб*",
    "P85": "school; schools; university; universities; college; colleges; kindergarten;"
    " kindergartens; szkoł*; szkół; szkolnictw*; uczelni*; uniwersytet*; politechni*; przedszkol*;"
    " akademi*; школ*; университет*; вуз; вуза; вузу; вузом; вузы; вузов; институт* образован*;"
    " детск* сад*; колледж*; академи*",
    "Q86": "hospital; hospitals; clinic; clinics; hospital group; health care; healthcare; medical"
    " centre; medical centres; medical practice; medical laboratory; szpital*; klinik*;"
    " przychodni*; lecznic*; больниц*; клиник*; поликлиник*; госпитал*; медицинск* центр*;"
    " медцентр*; здравоохран*",
    "Q87": "care home; care homes; nursing home; nursing homes; dom* opieki; dom* seniora; дом*"
    " престарел*; пансионат*",
    "Q88": "social services; social care; pomoc* społeczn*; социальн* служб*; соцзащит*",
    "R90": "theatre; theatres; opera house; orchestra; teatr*; filharmoni*; oper* narodow*;"
    " театр*; филармони*",
    "R91": "museum; museums; library; libraries; muze*; bibliotek*; музе*; библиотек*",
    "R92": "casino; casinos; bookmaker; bookmakers; betting company; lottery; kasyn*; bukmacher*;"
    " loteri*; казино; букмекер*; лотере*",
    "R93": "gym; gyms; fitness chain; fitness clubs; football club; amusement park; amusement"
    " parks; klub* fitness; siłowni*; park* rozrywki; klub* piłkarsk*; фитнес; фитнес клуб*; парк*"
    " развлечений; футбольн* клуб*",
    "S94": "trade union; trade unions; charity; charities; church; ngo; ngos; związ* zawodow*;"
    " fundacj*; stowarzyszeni*; профсоюз*; благотворит*; некоммерческ*",
    "S96": "laundry; laundries; hairdressers; funeral; pralni*; fryzjersk*; прачечн*;"
    " парикмахерск*",
    "U99": "un agency; united nations; międzynarodow* organizacj*; международн* организац*",
}  # fmt: skip

# Looks like an industry and is none.
NO_INDUSTRIES = (
    "data bank; data banks; bank holiday; bank holidays; bank account; bank accounts; bank"
    " statement; bank statements; bank transfer; bank transfers; bank details; memory bank; power"
    " bank; west bank; blood bank; food bank; food for thought; power user; power users; power bi;"
    " shop floor; shop window; one stop shop; show case; app store; school of thought; old school;"
    " court of audit; customer service; data warehouse; data warehouses; data warehousing; data"
    " mining; process mining; text mining;"
    " gold mine; insurance policy; of mine; friend of mine; colleague of mine; software library;"
    " code library; component library; template library; asset library; content library; demo"
    " library; library of; school holidays; school holiday; port number; waste of; waste time; no"
    " waste; food waste; paper waste; reduce waste; less waste; cutting waste; waste reduction;"
    " cloud storage; docking station; mobile app; utility bills; contact center ai; army of; call"
    " centre software; church of; hotel rooms booked; hotel booking; hotel bookings; steel nerves;"
    " nerves of steel; plastic cards; police report; cleaning data; builder pattern; rubber stamp;"
    " soft drinks machine; retail price; retail prices; construction of; leasing contract; leasing"
    " contracts; police check; legal; car park; card; baz* danych; bank* danych; konto bankow*;"
    " kont* bankow*; przelew* bankow*; wyciąg* bankow*; rachun* bankow*; szkoleni*; szkoł* jazdy;"
    " dni* wolne od szkoły; ferie szkoln*; aptek* pierwsz*; hurtowni* danych; bibliotek* szablon*;"
    " bibliotek* komponent*; bibliotek* dem; bibliotek* kodu; fabryk* snów; poczt* elektroniczn*;"
    " poczt* email; banku danych; stali klienci; stałych; банк* данных; банковск* счёт*; банковск*"
    " счет*; банковск* выписк*; банковск* перевод*; банковск* карт*; магазин* приложений;"
    " электронн* почт*; почта россии; по почте; на почту; библиотек* шаблон*; библиотек* код*;"
    " библиотек* материал*; страхов* запас*; страхов* полис*; школьн* каникул*; хранилищ* данных;"
    " farm* serwerów; server farm; server farms; страховк*"
)
# Someone's function or department, which says nothing about the company.
FUNCTIONS_BEFORE = (
    "head of; heads of; director of; director for; vp; vp of; vice president of; chief of; manager"
    " of; manager for; lead for; responsible for; in charge of; department of; dyrektor* ds;"
    " dyrektor* do spraw; dyrektor*; kierownik*; kierownicz*; szef*; dział*; specjalist* ds;"
    " menedżer* ds; директор* по; начальник*; руковод*; менеджер* по; отдел*; специалист* по; зам*"
    " по; департамент*"
)
FUNCTIONS_AFTER = (
    "director; directors; manager; managers; department; departments; team; lead; officer; staff"
    " member; planner; planners; costs; budget; data; systems; module; modules"
)


@cache
def industries() -> Phrases:
    """The industries, in all three languages."""
    return Phrases.of(INDUSTRIES)


@cache
def no_industries() -> Phrases:
    """What only looks like an industry."""
    return Phrases.of({"": NO_INDUSTRIES})


@cache
def functions_before() -> Phrases:
    """Functions that are named before what they are about: 'head of logistics'."""
    return Phrases.of({"": FUNCTIONS_BEFORE})


@cache
def functions_after() -> Phrases:
    """Functions that are named after what they are about: 'logistics director'."""
    return Phrases.of({"": FUNCTIONS_AFTER})
