"""Words without content, in every language that is recognised: stop words and business filler.

The lists are our own. Those of the package stop-words take 'system', 'computer' and 'order' for
stop words, which are content here, and its Turkish list is damaged.
"""

from functools import cache

# Words of grammar.
_GRAMMAR = {
    "en": """
        a about above after again all also am an and any are as at be because been before being
        below between both but by can cannot could did do does doing down during each either else
        few for from further had has have having he her here hers him his how i if in into is it
        its itself just may me might more most must my neither no nor not of off on once only or
        other others our ours out over own per same shall she should so some such than that the
        their theirs them then there these they this those through thus to too under until up upon
        us very was we were what when where whether which while who whom whose why will with within
        without would yet you your yours
    """,
    "pl": """
        a aby albo ale ani aż bardzo bez bo być był była było były będzie będą będziemy by ci co coś
        czy czyli dla dlaczego dlatego do gdy gdyż gdzie go i ich ile im inne inny innych ja jak
        jaka jaki jakie jako je jednak jego jej jemu jest jestem jesteśmy jeszcze jeśli jeżeli już
        ją każda każde każdy kiedy kto która które którego której który których którym którzy lecz
        lub ma mają mam mamy mi między mnie może mogą można musi my na nad nam nami nas nasz nasza
        nasze naszego naszej naszych natomiast nawet nic nich nie niego niej niż nim nimi o od ok
        oni ona ono on oraz po pod podczas ponieważ poza przed przez przy również sam się siebie
        sobie swoje swoich są ta tak taka taki takie także tam te tego tej temu ten tę też to
        tu tych tylko tym u w wam was wasz wasza wasze we według więc wszystkie wszystko z za zaś
        ze został została zostały że żeby
    """,
    "ru": """
        а без бы был была были было быть в вам вами вас ваш ваша ваше ваши вашего вашей ваших во вот
        все всё всего всех вы где да даже для до его ее её если есть еще ещё же за и из или им ими
        их к как какая какие какой ко когда которая которого которое которой которые который которых
        кто ли либо между меня мне может могут можно мы на над нам нами нас наш наша наше наши
        нашего нашей наших не него нее неё нет ни них но ну о об обо однако он она они оно от по
        под после потому при про с сам свой своих свои себя со так также такая такие такой там тем
        то того тоже той только том ту ты тут у уже чего чей чем через что чтобы эта эти это
        этого этой этом этот этих я
    """,
    "de": """
        aber alle allem allen aller alles als also am an andere anderen anderer anderes auch auf aus
        bei beim bin bis da dabei dadurch daher damit dann das dass daß dein deine dem den denn der
        deren des dessen die dies diese diesem diesen dieser dieses doch dort du durch ein eine
        einem einen einer eines er es etwas euch euer eure für gegen hat hatte hatten habe haben
        hier ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im in ins ist ja jede jedem jeden
        jeder jedes jedoch jetzt kann kein keine keinen können könnte man mehr mein meine mich mir
        mit muss müssen nach nicht nichts noch nun nur ob oder ohne sehr sein seine seinem seinen
        seiner sich sie sind so soll sollen sollte sondern sowie über um und uns unser unsere
        unserem unseren unserer unter viel vom von vor war waren was weil weiter welche welcher
        welches wenn wer werden wie wieder will wir wird wo wollen wurde wurden während würde würden
        zu zum zur zwischen
    """,
    "fr": """
        a afin ai alors ainsi après au aucun aucune aussi autre autres aux avait avant avec avez
        avoir avons bien car ce ceci cela celle celles celui ces cet cette ceux chaque chez ci comme
        dans de depuis des donc dont du elle elles en encore entre est et étaient était été être eux
        fait faire ici il ils je la le les leur leurs lui là ma mais me mes mon même ne ni nos notre
        nous on ont ou où par parce pas pendant peu peut peuvent plus pour pourquoi qu quand que
        quel quelle quelles quels qui quoi sa sans se selon sera seront ses si sommes son sont sous
        sur ta te tes toi ton tous tout toute toutes très tu un une vers vos votre vous y à ça
        d l n s j m c t
    """,
    "es": """
        a al algo ante antes aunque bajo bien cada como con contra cual cuando cuál de del desde
        donde dos durante e el él ella ellas ellos en entre era eran es esa esas ese eso esos esta
        está están estas este esto estos fue fueron ha han has hasta hay la las le les lo los
        me mi mis mientras mucho muy más ni no nos nosotros nuestra nuestras nuestro nuestros o otra
        otras otro otros para pero poco por porque puede pueden que quien qué se sea según ser será
        si sido sin sobre son su sus sí también tan tanto te tiene tienen todo toda todas todos tu
        tus un una unas uno unos usted ustedes y ya yo
    """,
    "it": """
        a abbiamo ad agli ai al alla alle allo anche ancora avere aveva c che chi ci ciò come con
        contro cosa cui da dagli dai dal dalla dalle degli dei del della delle dello di dove due e
        ed era erano essere fa fino fra gli ha hanno ho i il in io l la le lei lo loro lui ma me
        mentre mi mia mio molto ne negli nei nel nella nelle nello no noi non nostra nostre nostri
        nostro o ogni ora per perché però più poi può qua quale quali quando quanto quella quelle
        quelli quello questa queste questi questo qui se sei senza si sia siamo solo sono sopra
        sotto sta su sua sue sugli sui sul sulla sulle suo suoi tra tu tutta tutte tutti tutto un
        una uno vi voi vostra vostro è
    """,
    "nl": """
        aan af al alle alleen als altijd andere ben bij daar dan dat de deze die dit doch doen door
        dus een eens en er ge geen geweest haar had heb hebben heeft hem het hier hij hoe hun iets
        ik in is ja je kan kon kunnen maar me meer men met mij mijn moet moeten na naar niet niets
        nog nu of om omdat onder ons onze ook op over te tegen toch toen tot u uit uw van veel voor
        waar want waren was wat we wel werd werden wie wij wil willen worden wordt zal ze zelf zich
        zij zijn zo zonder zou zullen
    """,
    "pt": """
        a à ao aos apenas após aquela aquele as às até através cada com como contra da das de dela
        dele deles depois desde deve do dos e é ela elas ele eles em entre era essa esse esta está
        estão estas este estes eu foi foram há isso isto já lhe mais mas me mesmo meu minha muito
        na nas nem no nos nós nossa nossas nosso nossos não num numa o onde os ou outra outras outro
        outros para pela pelas pelo pelos pode podem por porque porém quando que quem qual se seja
        sem ser será seu seus sobre sua suas são só também te tem têm ter toda todas todo todos tudo
        um uma você vocês
    """,
    "sv": """
        alla allt att av bara blev bli blir både de dem den denna deras dess dessa det detta dig din
        dina ditt du där då efter eftersom ej eller en er era ett från för genom ha hade han hans
        har hennes hon honom hur här i icke in inga ingen inget inom inte ja jag kan kunde kommer
        man med mellan men mer mig min mina mitt mot mycket ni nu när någon något några och också
        om oss på samt ska skall skulle sedan sig sin sina sitt som så sådan sådana till under upp
        ur ut utan vad var vara varför vare varit varje vars vem vi vid vilka vilken vilket vår våra
        vårt åt än är över
    """,
    "cs": """
        a aby aj ale ani ano asi až bez bude budou by byl byla byli bylo být během ci co což či
        další dnes do ho i jak jako je jeho jej její jejich jen jenž ještě ji jiné již jsem jsme
        jsou jste já k kam každý kde kdo kdy když ke kromě která které který kteří ku ma mají mezi
        mi mimo mě má máme může mohou my na nad nám námi nás náš naše ne nebo nebyl není nich
        než nic ní ním o od on ona oni ono pak po pod podle pokud pouze pro proto protože proč před
        přes při s se si své svůj svých svým ta tak také takže tam tato te ten tedy tento ti to toho
        tohoto tom tomto tu tuto ty tyto té u už v vám vás váš vaše ve více však všechny vy z za
        zda zde ze že
    """,
    "tr": """
        acaba ama ancak artık aslında az bana bazı belki ben beni benim bir biri birçok biz bizi
        bizim bu buna bunu bunun burada çok çünkü da daha de değil diye en eğer fakat gibi göre hem
        hep her hangi hiç için ile ise kadar kendi ki kim kimi mi mı mu mü nasıl ne neden nerede
        niçin o olan olarak oldu olduğu olması olsa olur on ona onlar onu onun oysa sadece sen seni
        senin siz sizi sizin sonra şey şu tarafından tüm üzere var ve veya ya yani yok zaten
    """,
}

# What business letters and notes say whatever they are about.
_FILLER = {
    "en": """
        attached best cheers dear enclosed fyi hello hi kind kindly like look looking need needed
        needs please regards sincerely thank thanks want wanted wants
    """,
    "pl": """
        chcą chce chcemy cześć dziękuję dziękujemy dzięki pan pana pani potrzeba
        potrzebują potrzebuje potrzebujemy pozdrawiam pozdrowienia proszę prosimy
        szanowna szanowni szanowny uprzejmie witam załączeniu załącznik załączniku
    """,
    "ru": """
        благодарим благодарю вложении добрый здравствуйте нам нужен нужна нужно нужны пожалуйста
        прилагаем прилагается прошу просим спасибо уважаемая уважаемые уважаемый уважением хотим
        хотят хочет
    """,
    "de": """
        anbei angehängt beigefügt benötigen benötigt bitte brauchen braucht danke freundliche
        freundlichen geehrte geehrter grüße gruß grüßen guten hallo möchte möchten sehr
    """,
    "fr": """
        besoin bonjour bonsoir cher chère chers ci-joint ci-jointe cordialement joint merci
        salutations souhaite souhaitent souhaitons veuillez voudrait voulons veut
    """,
    "es": """
        adjunta adjunto atentamente cordial cordialmente estimada estimado estimados gracias hola
        necesita necesitan necesitamos quiere quieren queremos saludo saludos
    """,
    "it": """
        allegata allegato buongiorno cordiali cordialmente desidera desideriamo distinti egregio
        gentile grazie necessita saluti salve vogliamo vogliono vuole
    """,
    "nl": """
        bedankt beste bijgaand bijgevoegd dank geachte graag groet groeten hallo hoi nodig
        vriendelijke
    """,
    "pt": """
        abraços anexo anexa atenciosamente bom caro cara cumprimentos obrigada obrigado olá
        precisa precisam precisamos prezado prezada quer querem queremos
    """,
    "sv": """
        behöver bifogad bifogat bifogas hej hälsning hälsningar tack vill vänlig vänliga vänligen
    """,
    "cs": """
        ahoj chce chceme chtějí děkuji děkujeme dobrý pozdravem potřebuje potřebujeme potřebují
        prosím prosíme příloze přiložený vážená vážení vážený
    """,
    "tr": """
        ekte ekteki gerekiyor istiyor istiyoruz iyi lütfen merhaba saygılar saygılarımla sayın
        selam teşekkür teşekkürler
    """,
}

# Words of these lists that have content in another language, or are names or abbreviations there:
# they are left out only of texts in their own language.
CONTENT_ELSEWHERE = frozenset(
    """
    ad ai al ale allen ante ao aura az bajo ben bien bin bom car cara caro com come con dal dans
    das de del den der die dig din door dos dove due ed ella em era esa este eu go ha hans hat
    hem her hon hot il inga ins io joint kim la lo man mas med men met mi mig mimo min mina mine
    mir mis mon mot non num nun ons op or os oss over pan para per plus po pod pour pro proto
    qual salve sam sans sea sein seine ser sera si sin sole solo som son sta su sub tan ten ti
    till toda todo tom ton un uno ut va van var vare vars via vice vid vos want war waren wil
    """.split()  # noqa: SIM905 - a list of quoted words is harder to read.
)


@cache
def stop_words(language: str) -> frozenset[str]:
    """The words of grammar of a language; none of a language that is not recognised."""
    return frozenset(_GRAMMAR.get(language, "").split())


@cache
def words_without_content(language: str) -> frozenset[str]:
    """The words that say nothing in a text that is taken for this language.

    They are those of every language, because a text's language is guessed, and one text often has
    words of several.
    """
    own = {code: stop_words(code) | set(_FILLER[code].split()) for code in _GRAMMAR}
    # A single letter is a name as often as a word, as in 'plan C'.
    anywhere = {
        word for words in own.values() for word in words - CONTENT_ELSEWHERE if len(word) > 1
    }
    return frozenset(anywhere | own.get(language, frozenset()))
