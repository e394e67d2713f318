"""Known scales of labels: their steps from low to high."""

_TEXT = """
none|nil|absent|zero < very low|lowest|minimal|trace < low|little|small|slight|few|lower < some|lowish <
medium|moderate|mid|middle|average|intermediate|normal|med < marked|many < high|much|large|higher < very high|very
much|most|highest|extreme|extremely high < all

none|no|absent < minimal|trace|very mild < mild|slight|minor|light < moderate|medium|intermediate < moderately severe
< severe|serious|major|marked|heavy < very severe|extreme|critical|life-threatening < fatal|death|dead

not at all|not < hardly|barely|a little|a little bit|slightly < somewhat|moderately|fairly|a bit < quite|quite a
bit|mostly|considerably < very|very much|highly < extremely|completely|totally

weak|weaker < moderate|medium|average < strong|stronger < very strong|strongest

xxs < xs|extra small|very small|tiny < s|small < m|medium|midsize|mid-size|middle|moderate|average < l|large|big <
xl|extra large|very large|huge < xxl < xxxl

compact|subcompact < midsize|mid-size|medium < large|full-size|fullsize

very short|shortest < short < medium|middle|average|normal < tall|long < very tall|very long|longest

very narrow < narrow < medium|middle|average < wide|broad < very wide

shallow|very shallow < medium|middle|moderate|intermediate < deep < very deep

thin|very thin < medium|normal|average < thick < very thick

very light|lightest < light|light-weight < medium|moderate|average|normal < heavy|dark < very heavy|very dark

very slow|slowest < slow < medium|moderate|normal|average < fast|quick|rapid < very fast|fastest

freezing|very cold < cold|cool < mild|lukewarm|temperate|medium|normal < warm < hot < very hot

very dry < dry < medium|moist|normal < wet < very wet

infant|baby|newborn < toddler < child|kid < adolescent|teen|teenager|juvenile < young adult < adult|middle-aged|middle
aged < senior|elderly|old

very young|youngest < young < middle|middle-aged|middle aged|medium < old|elderly < very old|oldest

very early < early < mid|middle|medium|intermediate < late < very late

poor|low income|lower class < lower middle class|lower middle|lower-middle < working class < middle
class|middle|middle income < upper middle class|upper middle|upper-middle < upper class|rich|wealthy|high income

lower|bottom < lower middle|lower-middle < middle|mid < upper middle|upper-middle < upper|top

lower class < working class < middle class < upper class

never|no|not at all|none|not in the last month < almost never|very rarely|hardly ever <
rarely|seldom|infrequently|occasional|once in a while < sometimes|occasionally|now and then|some of the time <
often|frequently|regularly|usually|frequent|regular|most of the time < very often|very frequently|almost always <
always|constantly|all the time

never < less than once a year < yearly|annually|once a year < several times a year < monthly|once a month < several
times a month < weekly|once a week < several times a week|more than once a week < daily|every day|once a day < several
times a day

several days|some days < more than half the days|most days < nearly every day < every day

not at all < several days < more than half the days < nearly every day

strongly disagree|disagree strongly|completely disagree|totally disagree|fully disagree < moderately disagree|mostly
disagree < disagree|tend to disagree|rather disagree < slightly disagree|somewhat disagree|disagree somewhat|disagree
slightly|disagree a little < neutral|neither|undecided|neither agree nor disagree|neither agree or disagree|no
opinion|unsure|uncertain|neither disagree nor agree < slightly agree|somewhat agree|agree somewhat|agree
slightly|agree a little < agree|tend to agree|rather agree < moderately agree|mostly agree < strongly agree|agree
strongly|completely agree|totally agree|fully agree

strongly disapprove < disapprove < somewhat disapprove < neutral|neither < somewhat approve < approve < strongly
approve

strongly oppose < oppose < somewhat oppose < neutral|neither < somewhat favor|somewhat support < favor|support|favour
< strongly favor|strongly support|strongly favour

terrible|awful|extremely poor|horrible < very bad|very poor|worst <
bad|poor|weak|inadequate|insufficient|unsatisfactory < below average|rather bad <
fair|average|ok|okay|acceptable|satisfactory|adequate|sufficient|indifferent|neutral|so-so|medium|moderate < above
average|rather good < good|well < very good|great|very well < premium|superior <
excellent|outstanding|exceptional|ideal|best|perfect|superb

very dissatisfied|extremely dissatisfied|completely dissatisfied|not satisfied at all < dissatisfied|unsatisfied|not
satisfied < somewhat dissatisfied|slightly dissatisfied|a little dissatisfied < neutral|neither|neither satisfied nor
dissatisfied|indifferent|mixed < somewhat satisfied|slightly satisfied|moderately satisfied|fairly satisfied|more or
less satisfied|pretty satisfied < satisfied|mostly satisfied < very satisfied|extremely satisfied|completely satisfied

very unhappy < unhappy|not happy|not too happy < neutral|neither < pretty happy|fairly happy|somewhat happy < happy <
very happy

not at all important|unimportant|not important|very unimportant < slightly important|a little important|not very
important|not too important < somewhat important|moderately important|fairly important|neutral < important|quite
important < very important < extremely important|essential

very unlikely|extremely unlikely|definitely not|definitely no < unlikely|probably not|improbable|not likely|probably
no < maybe|perhaps|possibly|possible|neutral|neither|unsure|uncertain|don't know < likely|probably|probable|probably
yes < very likely|extremely likely|definitely|certain|definitely yes

very difficult|very hard < difficult|hard < medium|moderate|neutral|normal < easy < very easy

liberal|very liberal|extremely liberal < slightly liberal < moderate|middle of the road < slightly conservative <
conservative|very conservative|extremely conservative

much worse|a lot worse|very much worse < worse|decreased|decline|declined|smaller|less|deteriorated|down < somewhat
worse|slightly worse|a little worse < same|the same|about the same|unchanged|no
change|average|stable|equal|constant|no different < somewhat better|slightly better|a little better <
better|improved|increased|greater|larger|more|up < much better|a lot better|very much better|much improved

less than < equal|same < more than

complete response|cr|complete < partial response|pr|partial < stable disease|sd|stable < progressive
disease|pd|progression|progressive

none|no schooling|no education|illiterate < preschool|pre-primary|kindergarten < primary|elementary|primary
school|elementary school|basic < lower secondary|middle school|junior high < lt high school|less than high school|some
high school|no high school|did not finish high school|less than hs|lths|no high school diploma|less than high school
diploma|nohs|not hs < secondary|high school|hs|high school graduate|hs grad|high school diploma|upper
secondary|secondary school|high school grad|high-school|hsgrad|completed high school|hs graduate < some college|some
university|post-secondary|vocational|technical|some postsecondary < associate|associates|associate degree|associate's
degree|junior college|college|2-year college|community college|2 year college degree < bachelor|bachelors|bachelor's
degree|bachelor degree|college graduate|college grad|university|tertiary|higher|undergraduate|collegegrad|4-year
college|college degree|completed college|bachelor's|4 year college degree < graduate|masters|master|master's
degree|postgraduate|graduate degree|advanced degree|post-graduate|master's|graduate school|post-graduate
degree|postgrad|post grad < phd|doctorate|doctoral|doctoral degree|ph.d.

freshman|freshmen|first year|fresher < sophomore|second year < junior|third year < senior|fourth year

beginner|novice < elementary|basic < intermediate|medium < upper intermediate < advanced < expert|professional

assistant professor|asstprof|assistant prof|assistant < associate professor|assocprof|associate prof|associate <
professor|prof|full professor|full

first < second < third < fourth < fifth < sixth < seventh < eighth < ninth < tenth

1st < 2nd < 3rd < 4th < 5th < 6th < 7th < 8th < 9th < 10th < 11th < 12th

one < two < three < four < five < six < seven < eight < nine < ten

bronze < silver < gold < platinum < diamond

underweight < normal|normal weight|healthy weight|normal range < overweight < obese|obesity

underweight < normal|normal weight < overweight < obese class i|obesity class 1 < obese class ii < obese class iii

normal < elevated|borderline|prehypertension|borderline high|at risk|prediabetes < high|abnormal|diabetes < very high

negative|neg < weak positive|equivocal|borderline|trace|indeterminate < positive|pos < strong positive

very negative < negative < neutral|zero < positive < very positive

rural < suburban|semi-urban|town|urban cluster|semiurban < urban|city|metropolitan

nonsmoker|never smoker|never smoked < ex-smoker|former smoker < light smoker < moderate smoker < heavy smoker

i1 < si2 < si1 < vs2 < vs1 < vvs2 < vvs1 < if

unsatisfactory < marginal < satisfactory|acceptable < commendable < outstanding
"""
SCALES = tuple(
    tuple(frozenset(step.strip().split("|")) for step in " ".join(scale.split()).split(" < "))
    for scale in _TEXT.strip().split("\n\n")
)
"""Each scale lists its steps, each step the labels that stand for it, in lower case."""
