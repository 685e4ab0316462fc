"""Words of the story grammar, most frequent first; `lexicon.py` inflects and combines them."""

from __future__ import annotations

# "base:past" if the past is irregular. These take no object.
INTRANSITIVE = """
go:went run:ran walk play laugh smile sit:sat stand:stood sleep:slept jump wait cry dance sing:sang climb fall:fell swim:swam fly:flew
work hurry rest stop listen whisper wander nod giggle hide:hid shout stumble crawl kneel:knelt march hop skip sneeze shiver tremble
travel linger yawn gallop slip:slipped stroll scramble tiptoe drift paddle twirl wobble grin sigh snore chatter mumble bounce race slide:slid
rise:rose shine:shone glow vanish sparkle flutter roam trot blush float spin:spun creep:crept weep:wept ride:rode kick hum leap:leapt
"""
# These take an object.
TRANSITIVE = """
see:saw find:found make:made take:took get:got like love want hold:held carry bring:brought give:gave open watch hear:heard help build:built
catch:caught draw:drew paint wash clean fix keep:kept push pull lift throw:threw drop hide:hid share touch cut:cut break:broke wrap
follow chase choose:chose buy:bought sell:sold mend polish bake cook stir taste feed:fed plant water pick gather collect count read:read
write:wrote tie:tied untie fold stack borrow lend:lent trade measure drag dig:dug burn freeze:froze steal:stole guard explore discover admire
examine remember forget:forgot lose:lost decorate sharpen scrub squeeze sew carve weave:wove
"""
# noun, or "noun:plural" if the plural is irregular.
THINGS = """
ball box book toy hat cup bag bell key kite drum boat doll coin lamp basket shoe ring rope map letter blanket bucket candle ribbon stone
shell leaf:leaves feather button mirror bottle pillow ladder spoon knife:knives brush hammer whistle picture puzzle flute scarf:scarves glove
umbrella wagon bicycle telescope lantern compass trumpet necklace marble balloon statue bracelet barrel hourglass violin teapot pencil
wheel crown chest needle thread jar clock chain mask cloak saddle anchor sail shovel jewel bench carpet curtain hinge
"""
NATURE = """
tree flower river hill forest garden field pond rock cloud star sun moon sky road path bridge wall gate fence meadow valley lake cave beach
mountain island stream puddle bush root branch nest hedge cliff waterfall shore orchard swamp desert canyon glacier volcano dune reef
lighthouse windmill well tower harbor
"""
PLACES = """
park house garden forest market school river beach kitchen barn farm village library mill bakery hill lake castle harbor station
museum shop workshop meadow bridge cave orchard attic cellar theater hospital lighthouse stable courtyard island windmill
"""
# animal:food:past of the sound:home. A story that names the animal uses the rest of the row.
ANIMALS = """
dog:bone:barked:kennel cat:fish:meowed:basket bird:seed:chirped:nest rabbit:carrot:squeaked:burrow duck:bread:quacked:pond
horse:apple:neighed:stable cow:grass:mooed:barn sheep:clover:bleated:fold frog:fly:croaked:pond mouse:cheese:squeaked:hole
owl:beetle:hooted:oak bear:berry:growled:cave fox:grape:yelped:den goat:thistle:bleated:shed squirrel:nut:chattered:oak pony:oat:whinnied:stable
hedgehog:worm:snuffled:hedge turtle:lettuce:grunted:shell goose:corn:honked:farmyard wolf:stew:howled:den donkey:turnip:brayed:stable
otter:clam:whistled:riverbank badger:root:grumbled:sett parrot:mango:squawked:cage lizard:cricket:hissed:wall elephant:peanut:trumpeted:circus
"""
# trade:tool:product
TRADES = """
baker:oven:loaf farmer:plow:pumpkin teacher:chalk:lesson sailor:anchor:map tailor:needle:coat painter:brush:portrait miller:millstone:flour-sack
carpenter:hammer:chair blacksmith:anvil:horseshoe fisherman:net:salmon shepherd:crook:fleece potter:wheel:vase gardener:spade:rose
clockmaker:tweezer:clock shoemaker:awl:boot weaver:loom:rug beekeeper:smoker:honeycomb librarian:stamp:book glassblower:pipe:bottle
bookbinder:press:diary
"""
# weather:clothes:thing in the sky:what it does, past
WEATHER = """
rainy:raincoat:rain:poured sunny:hat:sun:shone windy:scarf:wind:blew snowy:coat:snow:fell cold:sweater:frost:bit foggy:cloak:fog:rolled
stormy:jacket:thunder:rumbled hot:cap:heat:shimmered cloudy:cardigan:mist:hung
"""
FOODS = """
cake apple bread soup cookie pie cheese milk honey egg berry pear sandwich pancake carrot potato tomato cherry noodle pudding muffin
banana peach biscuit dumpling sausage walnut pumpkin waffle omelette plum jam chocolate crêpe purée jalapeño
"""
# These take "some", not "a".
UNCOUNTED = "bread soup cheese milk honey jam chocolate purée grass clover corn lettuce stew fish honeycomb chalk"
ADJECTIVES = """
little big old happy sad small new good:better:best bad:worse:worst kind brave red long young nice warm tall cold dark bright blue soft loud
quiet green pretty strong tired hungry fast slow shiny funny clever busy deep gentle angry lonely heavy tiny golden round scared curious
lazy clean dirty rich poor smooth rough wild calm proud silly sweet yellow purple sleepy sharp narrow thick thin fancy cozy rusty dusty
muddy sticky noisy grumpy lucky crooked wooden foolish careful honest patient polite humble stubborn graceful ancient hollow slender
magnificent enormous peculiar splendid mysterious delicate generous cheerful naïve
"""
MANNERS = """
slow quick quiet soft happy sad kind brave careful loud gentle proud angry warm bright calm nervous polite patient eager clever sleepy
lazy sudden gloomy cheerful curious honest smooth rough wild graceful secret clumsy generous silent grumpy merry thoughtful hungry shy
"""
# Traits: regular in every form.
TRAITS = "brave kind clever quick strong gentle proud quiet wise bold neat fair swift calm smart sweet steady friendly merry shy"
FEELINGS = """
happy:sad glad:sorry proud:ashamed brave:afraid calm:angry excited:bored cheerful:gloomy hopeful:worried grateful:jealous merry:lonely
"""
STEMS = """
hope care help thank use play rest harm pain joy fear color power taste thought peace dream cheer grace skill sleep end cloud wind
rain snow sand stone wood leaf grass moss smoke dust salt sugar butter honey star moon sun sea river hill fish bird bear wolf lion queen king
child friend ghost giant dragon knight witch farm mill garden school market truth law faith tooth bone feather fur wool silk thread
cloth button wheel road path gate door window roof wall tower bell song music drum story word letter page ink color shape weight
"""
VERB_STEMS = """
read do make build tell use think break bend move wash drink count love forget believe accept predict explain reason fold open wrap
paint fill write print place turn start visit join pack load lock cover heat cook learn teach sell trade charge light tie wind
"""
ADJECTIVE_STEMS = """
happy kind brave dark bright soft sad good sweet weak quiet cold round fair sure able clear clean true wise safe even easy steady tidy friendly
lucky healthy certain known seen heard told broken finished touched noticed expected opened answered invited planned polished washed
"""
COMPOUND_FIRST = """
sun rain moon star snow water fire wood stone river hill garden apple honey night wind thunder feather silver gold butter sea sand storm
tree book fish bird horse day moss iron glass paper copper straw berry barley candle cinder clover corn cotton cream ember fern frost
harvest hazel ivy lantern maple marsh meadow mist mountain oak pepper pine rose salt shadow spring summer thistle timber velvet willow winter
"""
COMPOUND_SECOND = """
flower coat light house bird boat fish bell path berry cake pot bow drop field side line maker keeper catcher walker ship yard shed mill
wood stone land port man fall shine storm beam dust works wheel worm seed root leaf bug hopper cutter smith wright tail
wing horn bridge gate tower hat cloth basket box brook cap crest dale fly ford gazer glow grove keep lock mark mouse nest pool ring song spark
"""
GIRLS = """
Lily Anna Mia Sara Emma Lucy Mary Rosa Ella Clara Nora Zoë Ivy Ruby Alice Chloé Hazel Freya Inés Maya Elsa Greta Noémie Ada Olive Sofía
"""
BOYS = """
Tom Ben Tim Max Sam Jack Leo Finn Noah Peter José Oscar Hugo Theo Milo Jürgen Felix André Omar Ravi Otto Søren Luca Ezra Álvaro Ned
"""
# Syllables of rare names and towns.
ONSETS = "b br c ch cl d dr f fl g gr h j k l m n p pr qu r s sh sk st t th tr v w y z"
VOWELS = "a e i o u a e i o a e ai ea oo ie ou"
CODAS = "l n r s t m nd rn th ck ll st x sk mp"
GIRL_ENDINGS = "a ia elle ina ara issa ette wyn é"
BOY_ENDINGS = "o us an or ric ard ulf in ez ñan"
TOWN_ENDINGS = "ton ville bury ford wood field ham bridge port dale mouth stead wick haven burgh"
EMOJI = "🙂 🌻 🎉 ❤️ 🐶 ⭐ 🎈 🍎"
NUMBERS = "two three four five six seven eight nine ten eleven twelve thirteen fifteen twenty thirty forty fifty"
