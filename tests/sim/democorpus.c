/* democorpus: a small text of our own, in the form in which the dataset hub gives WikiText: a row is
 * empty or one line with its newline; headings stand between equals signs; punctuation is set apart by
 * blanks. The accuracy test of the demonstration runs on it. Pure data; democorpus.md has its checksums,
 * which change with every byte of it. */
#include "simtext.h"

static const char *const ROWS[] = {
        "",
        " = The Measuring Kitchen = \n",
        "",
        " Anna Brandt kept a kitchen in which nothing was guessed . Every pan had its weight scratched into "
        "the handle , and beside the stove hung a board with the time that each ring needed to bring a litre "
        "of water to the boil . Guests found it cold at first . After the second meal they stopped saying "
        "so , because the bread was the same on Tuesday as it had been on Sunday , and that turned out to "
        "be what they came for . \n",
        " She had learned the habit from her father , who repaired scales for the market of a small harbour "
        "town . A scale , he used to say , does not lie , but it can be asked the wrong question . He never "
        "trusted a reading that he had taken only once , and he never threw away a reading that he did not "
        "like . Both rules went into the kitchen with her . \n",
        "",
        " = = The first oven = = \n",
        "",
        " The oven came with the house and had a dial without numbers . For a month she baked one small roll "
        "at each position of the dial , five times over , and wrote down how brown it became . The rolls "
        "of one position were never quite alike . That was the first thing the oven taught her : before you "
        "compare two settings , find out how much one setting differs from itself . \n",
        " Once she knew the spread , the dial became useful . A change of two marks was more than the spread "
        "and could be tasted ; a change of one mark was less , and an argument about it was a waste of an "
        "evening . She painted every second mark red and forgot about the others . \n",
        " The neighbour , a cheerful man named Olivier Dupr\xc3\xa9"
        "e , thought this was a great deal of "
        "work for a roll . He baked by smell . His best loaves were better than hers \xe2\x80\x93 she admitted "
        "it freely \xe2\x80\x93 and his worst were given to the geese . \n",
        "",
        " = = Warm stones = = \n",
        "",
        " A stone oven is a patient thing . It takes an hour to become hot and an hour to forget it . If "
        "you bake the first loaf too early , the stone is still drinking heat , and the loaf pays for it "
        ". Brandt therefore never counted the first loaf of the day . She ate it herself , with butter , "
        "and began her notes with the second . \n",
        " Her nephew once asked whether that was honest , since the first loaf was bread like any other . "
        "She said that it depended on the question . If you wish to know what a day of baking gives you , "
        "the first loaf belongs in the sum . If you wish to know what the oven can do , it does not . The "
        "mistake was to change the answer after tasting . \n",
        " So the notebook has two columns , and the heading of each says in plain words what was left out . \n",
        "",
        " = A River in Four Gauges = \n",
        "",
        " The river Linde is short : it rises above a quarry , runs for thirty @-@ one kilometres between "
        "meadows and mills , and joins a larger stream below a railway bridge . For its size it has been "
        "watched unusually well . Four gauges stand on its banks , the oldest since the year 1871 , and for "
        "most of that time somebody walked to each of them every morning with a lantern and a pencil . \n",
        " The gauges do not agree . This is not a fault . The first stands where the bed is narrow , so that "
        "a shower in the hills lifts the water by a hand 's breadth within an hour . The fourth stands in "
        "a wide bend , where the same shower arrives after a night and is hardly seen . Each is right about "
        "its own place , and none of them is \" the river \" . \n",
        "",
        " = = The mean and the flood = = \n",
        "",
        " When the bridge was planned , the engineers asked the district for the height of the water , and "
        "the district , wishing to be helpful , sent the mean of thirty years . The bridge was built a comfortable "
        "metre above it . It was under water nine times in its first ten springs . Nobody had lied , and "
        "no sum was wrong ; they had been given the middle when they needed the edge . \n",
        " Since then the yearly report of the Linde prints three numbers for every gauge : the height that "
        "is passed on half of the days , the height that is passed on one day in a hundred , and the highest "
        "mark of all with its date . The first tells the miller how he will live , the second tells him how "
        "he will sleep , and the third is painted on the wall of the inn . \n",
        " People remember the third . The miller reads the second . \n",
        "",
        " = = A frozen pencil = = \n",
        "",
        " In the winter of 1929 the observer at the second gauge , Tom\xc3\xa1\xc5\xa1 Vrba , entered the "
        "same height for eleven days . It looked like carelessness , and a clerk in the capital struck the "
        "lines out . Forty years later a student found Vrba 's private diary . The river had been frozen "
        "to the ground ; the ice did not move , and he had gone out each morning in the dark to look at it "
        "all the same . \n",
        " The lines were put back , with a note . The note says that a constant reading may mean a broken "
        "instrument , a lazy observer , or a constant river , and that the difference cannot be seen in the "
        "numbers . \n",
        "",
        " = = Instruments and weeds = = \n",
        "",
        " Electric sensors replaced the lanterns in the nineteen @-@ eighties . They write a value every "
        "quarter of an hour and never catch a cold . In their second summer they reported that the river "
        "was rising although no rain had fallen for weeks . The cause was a green weed that grew along the "
        "cable and slowed the float . The old observers would have pulled it off in passing . \n",
        " Today a person visits each gauge once a month with a brush and a measuring rod , reads the rod "
        "first , and only then looks at the display . The order matters . Whoever has seen the display will "
        "read the rod a little kindly . \n",
        "",
        " = Notes on Queues = \n",
        "",
        " A queue is what becomes of a promise when too many people believe it . The baker promises bread "
        "at seven ; sixty customers come at seven ; the sixtieth learns that the promise was made to someone "
        "else . There is nothing wrong with the oven , and nothing wrong with the customers . The waiting "
        "happens in between , where nobody owns it . \n",
        " It is tempting to measure the baker from the inside of the shop . From there every loaf takes two "
        "minutes , on the first day of the month as on the last . Stand at the end of the line , however "
        ", and the same loaf takes two minutes or two hours . Both clocks are correct . Only one of them "
        "is carried by the person who is hungry . \n",
        "",
        " = = Full counters = = \n",
        "",
        " If the shop employs a second baker , the line becomes shorter at once and by more than half . If "
        "it employs a third , hardly anyone notices . The reason is that a line does not grow evenly with "
        "the crowd ; it sleeps for a long time and then rises like milk . A counter that is busy for nine "
        "tenths of the day has a short line , one that is busy for ninety @-@ nine hundredths has a long "
        "one , and the last hundredth is the most expensive bread in town . \n",
        " An owner who looks only at the counter will be pleased to see it always busy . An owner who looks "
        "only at the line will be pleased to see it empty , and will pay three bakers to admire it . The "
        "two must be drawn on one sheet of paper , one along the bottom and one up the side , and the owner "
        "must then say which point of the curve is the shop that he wants . \n",
        "",
        " = = The polite crowd = = \n",
        "",
        " There is a trick that makes any shop look good . Let the next customer come in only when the last "
        "one has left . The line can never be longer than one , and the time in the shop is the time at the "
        "oven . Nothing about this is false , provided that one says so ; a family at its own table eats "
        "in exactly this way . But it tells little about a Saturday . \n",
        " The opposite trick sends customers by the clock , whether the door is free or not . Now the line "
        "may grow without end , and a shop that is slower by a hair than the clock will look as if it had "
        "collapsed . That too is a true picture , of another kind of day . \n",
        " A careful report names the crowd before it names the time . \n",
        "",
        " = The Lighthouse at Skarv Point = \n",
        "",
        " The lighthouse at Skarv Point was built in 1863 from grey granite and a quarrel . Two parishes "
        "claimed the rock , and neither wished to pay for the lamp ; in the end the tower was paid for by "
        "a society of insurers , who had counted the wrecks . It is eighteen metres high , has ninety @-@ "
        "four steps , and shows two white flashes every twenty seconds . \n",
        " For a century the flashes came from a lens of cut glass that floated on a bath of mercury and was "
        "turned by a falling weight . The keeper wound the weight up every three hours . If he slept through "
        "the bell , the lens slowed down , and the two flashes drew apart . Captains noticed it at once , "
        "and a letter of complaint reached the society within a week . \n",
        "",
        " = = Counting the flashes = = \n",
        "",
        " Keeper Ingrid Haugen , who served from 1921 to 1946 , compared the light with her own watch each "
        "night . She did not time one pair of flashes . She timed one hundred , and divided . A single pair "
        ", she wrote , is a measure of my thumb ; a hundred pairs are a measure of the lamp . \n",
        " Her books show the lamp to have been slow by a tenth of a second in frost and fast by nearly as "
        "much in summer , when the oil of the bearing was thin . She reported both and was told that no ship "
        "could tell . She answered that this was true , and went on reporting it , because one day the number "
        "would jump and she wanted to know from where . \n",
        " It jumped on the third of March 1938 . The cause was a cracked roller , found and replaced before "
        "the weight fell . \n",
        "",
        " = = The empty tower = = \n",
        "",
        " In 1987 the lamp was made electric and the last keeper left . A telephone line carries one bit "
        "to the mainland : lit , or not lit . For two nights in 1991 the bit said lit while the point lay "
        "in darkness , since the sensor watched the current and not the light . A fisherman 's daughter called "
        "the harbour to ask whether the tower was ill . \n",
        " The sensor now looks out of the window . \n",
        "",
        " = A Short Guide to Comparing Two Boats = \n",
        "",
        " Two boats are to be compared . They are rowed over the same course by the same crew , one after "
        "the other , and the second is faster by four seconds . What has been learned ? Perhaps that the "
        "second boat is faster . Perhaps that the wind had turned , that the crew was warm by then , or that "
        "it liked the colour . One race cannot tell these apart . \n",
        " The remedy is dull . Row each boat several times . Change the order : first the one , then the "
        "other , then the other , then the one , so that a wind that turns slowly helps both . Write down "
        "every time , also the bad ones , also the one with the swan . Then look at how far the times of "
        "one boat lie from each other before you look at how far apart the boats are . \n",
        "",
        " = = Four seconds = = \n",
        "",
        " If the times of each boat lie within one second , four seconds are a great deal . If they lie within "
        "six , four seconds are weather . The same four seconds can be news on a calm lake and nothing at "
        "all on a rough one , which is why a difference without its spread is only half a sentence . \n",
        " It helps to say beforehand what would change your mind . A club that decides after the race which "
        "runs count will always buy the boat that it wanted . A club that writes the rule on the door of "
        "the boathouse may still buy the wrong boat , but only by accident . \n",
        "",
        " = = The third boat = = \n",
        "",
        " The builder of the first boat returned after a month with a better one . It was faster by nine "
        "seconds , and it was also shorter by a metre . Nobody had thought to write down that the boats should "
        "be of one length . The club thanked him , put the boat on the water because it was a pleasure to "
        "row , and kept it out of the table . \n",
        " The table of that year has a footnote that has become a proverb in the valley : \xc2\xab Not the "
        "same thing , measured well , is still not the same thing . \xc2\xbb \n",
        "",
        " = The Clockmaker 's Apprentice = \n",
        "",
        " An apprentice asked her master why he owned seven clocks and looked at only one . The master said "
        "that the other six were there to keep the one honest . If it stopped , he would see it by the six "
        "; and if all seven agreed to the second , he would know that someone had been setting them by each "
        "other , and that he now owned a single clock with seven faces . \n",
        " She thought about this for some days . Then she took one of the six , carried it to the attic , "
        "and told nobody how it was set . When the great clock of the market was repaired the following spring "
        ", it was the clock in the attic that showed by how much the town had drifted . It had been wrong "
        "all the time , by eleven minutes , but it had been wrong by itself . \n",
        "",
        " = = A bench of one 's own = = \n",
        "",
        " When she became a master , she wrote three rules above the bench . Measure the thing and not the "
        "handle . Say what was left out . Keep the bad page . Beneath them an apprentice of hers later added "
        "a fourth in pencil , which she pretended not to see : and then go home , for it is only a clock . \n",
        " Her shop still stands beside the chapel of S\xc3\xa3o Br\xc3\xa1s . The clocks in the window show "
        "different times \xe2\x80\x93 on purpose , says the card , so that you will come in and ask . \n",
        "",
        " = The Orchard Ledger = \n",
        "",
        " On the southern slope above Vernier there is an orchard of three hundred and twelve apple trees "
        ", planted in rows of twenty @-@ six by a schoolteacher named Lucie Armand . She retired in 1954 "
        ", bought the slope with a small inheritance , and began on the first evening to keep a ledger . "
        "It has one page for every tree and one line for every year , and her granddaughter fills it in to "
        "this day . \n",
        " A line holds the weight of the apples , the week of the blossom , and one sentence . The sentences "
        "are short . \xc2\xab Bees late . \xc2\xbb \xc2\xab Pruned hard , regretted it . \xc2\xbb \xc2\xab "
        "Goat . \xc2\xbb A visitor from the agricultural college , who had come for the weights , copied "
        "the sentences too , and said later that the weights had told him what had happened and the sentences "
        "why . \n",
        "",
        " = = The row by the wall = = \n",
        "",
        " For years the row beside the stone wall gave a third more than the others . It was explained by "
        "the warmth of the wall , then by the soil , then by the variety , and each explanation was believed "
        "until the next . In 1971 a storm took the wall down . The row went on giving a third more . Only "
        "then did someone remember that the row by the wall was the row by the path , and that the children "
        "of the village watered it when they washed their boots . \n",
        " Armand wrote the story on the inside of the cover and added one line : a cause that cannot be taken "
        "away is only a neighbour . \n",
        " The wall was rebuilt lower than before , since it made no difference . \n",
        "",
        " = = Averages of trees = = \n",
        "",
        " The mean tree of the orchard bears sixty @-@ one kilograms . There is no such tree . A hundred "
        "and ten old ones bear about forty , nearly two hundred young ones bear about seventy @-@ five , "
        "and three trees near the spring bear so much that they have to be propped with poles . When the "
        "cooperative asked how many crates a tree needs , the mean was of no use at all : most trees needed "
        "fewer or more . \n",
        " The granddaughter , \xc3\x89lise , answers such questions with three figures instead . She gives "
        "the middle tree , the tree below which a tenth of them lie , and the tree above which a tenth of "
        "them lie . It takes no longer to say . The cooperative now sends small crates , large crates and "
        "a pole . \n",
        "",
        " = On Carrying Water = \n",
        "",
        " Before the pipe was laid , the hamlet of Ober @-@ Ried fetched its water from a well four hundred "
        "steps away . Each household had two buckets and a yoke . There were quick carriers and slow ones "
        ", and on winter evenings it was discussed at length who was the best . The quick ones arrived first "
        ". The slow ones spilled less . \n",
        " A wager settled it . Everybody carried from noon until the bell of three , and what counted was "
        "the water in the trough . The winner was a girl of fourteen who had been called slow by all . She "
        "had walked at one pace , had not put the yoke down , and had not run back to the well with empty "
        "buckets , which she said only makes the arms tired . \n",
        "",
        " = = Full and empty walks = = \n",
        "",
        " It is worth looking at the wager closely , because two different things were being praised . How "
        "long one bucket takes from the well to the trough is one thing . How much water stands in the trough "
        "at three is another . A chain of ten people who hand the buckets on will fill a trough faster than "
        "ten who walk , although each single bucket takes longer on its way , for it waits in every pair "
        "of hands . \n",
        " Someone who is thirsty cares for the one bucket . Someone whose barn is burning cares for the trough "
        ". The hamlet had a name for each kind of carrying , and it did not ask which of the two was the "
        "better . \n",
        " When the pipe came in 1908 , it carried more than all of them together and had the slowest first "
        "bucket that anyone had ever seen : two days , while the air went out . \n",
        "",
        " = = The well book = = \n",
        "",
        " The well itself was measured with a knotted rope . A boy let the rope down each Sunday , counted "
        "the knots that came up dry , and told the number to the priest , who wrote it into the parish register "
        "between the baptisms and the burials . The series is unbroken from 1792 to 1907 , with one exception "
        ". In the spring of 1816 there is a week without a number , and the register says : rope stolen . \n",
        " No other number was written in its place . Historians have praised the priest for this more than "
        "for his sermons . He could have guessed ; the week before and the week after are the same . But "
        "a guess in a column of measurements looks exactly like a measurement , and he seems to have known "
        "it . \n",
        "",
        " = The Night Train to Ostrava = \n",
        "",
        " The night train to Ostrava leaves the capital at 22 @:@ 14 and arrives , according to the timetable "
        ", at 05 @:@ 40 . A railway clerk with a liking for sums once collected its arrivals for a whole "
        "year . On half of the nights it was not more than two minutes late . On one night in ten it was "
        "later than twenty minutes . On one night it arrived the day after . \n",
        " The railway printed that its trains were late by six minutes on average . This was correct , and "
        "useless to everybody . Those who changed to the early bus , which left at six , needed to know how "
        "often they would miss it , and the answer \xe2\x80\x93 about one morning in eleven \xe2\x80\x93 "
        "was not to be found in the six minutes . \n",
        "",
        " = = Where the minutes went = = \n",
        "",
        " The clerk then did what nobody had asked for . He stood on the platform of every stop with a notebook "
        "and wrote down when the train came and when it went . It turned out that the train hardly ever lost "
        "time between the stations . It lost its minutes while standing : two here because the mail was not "
        "sorted , three there because the engine took water behind a goods train that took water too . \n",
        " The engineers had spent the year making the engine faster . It was faster now ; it reached the "
        "water sooner and waited longer . \n",
        " A second tap was put up at Olomouc for the price of a window . The night train has been on time "
        "ever since , apart from the nights on which it is not . \n",
        "",
        " = = The clerk 's advice = = \n",
        "",
        " In his retirement the clerk , whose name was Bohumil \xc5\xa0\xc5\xa5"
        "astn\xc3\xbd , was asked "
        "to speak to young railwaymen , and prepared a single page . Do not make the fast part faster . Stand "
        "where the thing waits . Count for a whole year , for the year has all the weathers in it . When "
        "you have changed one thing , count again before you change another , or you will never know which "
        "of them it was . \n",
        " He read the page aloud , looked at his watch , and sat down . The talk had been announced as an "
        "hour long . It is still remembered as the best that was ever given there , and the longest that "
        "anybody has thought about . \n",
        "",
        " = A Conversation About Bread = \n",
        "",
        " Two bakers met on the ferry . The one said that her loaves were the best of the coast , as everybody "
        "told her . The other asked who everybody was . They were , it appeared , the people who had come "
        "back . He nodded and said that his were the best as well , by the same witnesses , and that it was "
        "a great comfort to be asked about only by those who had stayed . \n",
        " They agreed on a trial . A sack of one flour , one salt and one day ; the loaves to be sliced by "
        "the ferryman , who liked neither of them ; the slices to be numbered ; and the numbers to be opened "
        "only when the last taster had written down his mark . It rained , and nine people came . \n",
        " The marks were nearly equal . The two were disappointed for a moment , then relieved , and then "
        "began to talk about crust . \n",
        "",
};

size_t sim_demo_row_count(void)
{
	return sizeof ROWS / sizeof *ROWS;
}

const char *sim_demo_row(size_t index)
{
	return ROWS[index];
}
