using System.Globalization;

namespace Eit.Compat;

/// <summary>Puts the notes of both ends side by side.</summary>
/// <param name="sessionsMayEnd">Whether sessions may end without having been closed by their clients: where their server goes away.</param>
internal sealed class Judge(bool sessionsMayEnd)
{
    private readonly Verdict _verdict = new();
    private readonly Dictionary<(string Tag, string Stream), Course> _courses = [];

    public static Verdict Of(IEnumerable<string> notes, bool sessionsMayEnd, IEnumerable<string> failures)
    {
        var judge = new Judge(sessionsMayEnd);
        foreach (string failure in failures) { judge._verdict.IsWrong(failure); }
        foreach (string path in notes) { judge.Read(path); }
        foreach (((string tag, string stream), Course course) in judge._courses) { judge.Look(tag, stream, course); }
        return judge._verdict;
    }

    private void Read(string path)
    {
        bool hasEnd = false;
        foreach (string line in File.Exists(path) ? File.ReadLines(path) : [])
        {
            hasEnd = line == "END";
            string[] words = line.Split(' ');
            switch (words[0])
            {
                case "S" when words.Length > 4:
                    CourseOf(words).Sent.Add(NumberOf(words), string.Join(' ', words[4..]));
                    break;
                case "H" when words.Length == 5:
                    CourseOf(words).Handled.Add((NumberOf(words), words[4]));
                    break;
                case "D":
                    _verdict.IsWrong($"not what was sent: {line}");
                    break;
                case "E" when words[2] != "Closed" && !sessionsMayEnd:
                    _verdict.IsWrong($"a session ended: {line[2..]}");
                    break;
                default:
                    break;
            }
        }
        if (!hasEnd) { _verdict.IsWrong($"{Path.GetFileName(path)} has no end: its process was killed or has failed"); }
    }

    private Course CourseOf(string[] words)
    {
        (string, string) key = (words[1], words[2]);
        if (!_courses.TryGetValue(key, out Course? course)) { _courses.Add(key, course = new Course()); }
        return course;
    }

    private static long NumberOf(string[] words) => long.Parse(words[3], CultureInfo.InvariantCulture);

    private void Look(string tag, string stream, Course course)
    {
        string name = $"{tag} {stream}";
        _verdict.Handled += course.Handled.Count;
        Dictionary<long, int> times = course.Handled.CountBy(static handled => handled.Number).ToDictionary();
        foreach ((long number, string outcome) in course.Sent)
        {
            int came = times.GetValueOrDefault(number);
            _verdict.Count(stream, outcome == "Emitted" && came == 0 ? "Emitted-and-not-seen" : outcome.Split(':')[0]);
            string what = string.Create(CultureInfo.InvariantCulture, $"{name} {number} ({outcome}), handled {came} times");
            if (came > 1) { _verdict.CameTwice(what); }
            switch (outcome)
            {
                case "Processed" or "Failed":
                    if (came == 0) { _verdict.IsLost(what); }
                    break;
                case "Emitted":                                    // Nobody is told what became of an event when its session ends.
                    if (came == 0 && !sessionsMayEnd) { _verdict.IsLost(what); }
                    break;
                case "Expired" or "Replaced":
                    if (came > 0) { _verdict.HasBadOutcome(what); }
                    break;
                case "NotSent":
                    if (came > 0 || !sessionsMayEnd) { _verdict.HasBadOutcome(what); }
                    break;
                case "Unknown":                                    // A call whose session moves meanwhile (K2.3). Messages are all processed before it does.
                    if (!sessionsMayEnd || stream is not ("call" or "items")) { _verdict.HasBadOutcome(what); }
                    break;
                default:
                    _verdict.HasBadOutcome(what);
                    break;
            }
        }
        foreach (long number in times.Keys.Where(number => !course.Sent.ContainsKey(number))) { _verdict.IsWrong(string.Create(CultureInfo.InvariantCulture, $"never sent: {name} {number}")); }
        LookAtOrder(name, course);
    }

    /// <summary>In a session numbers rise, and those of two sessions do not mix.</summary>
    private void LookAtOrder(string name, Course course)
    {
        (string Session, long[] Numbers)[] sessions = [.. course.Handled.GroupBy(static handled => handled.Session)
            .Select(static session => (session.Key, session.Select(static handled => handled.Number).ToArray())).OrderBy(static session => session.Item2.Min())];
        long before = 0;
        foreach ((string session, long[] numbers) in sessions)
        {
            foreach (long number in numbers)
            {
                if (number < before) { _verdict.CameOutOfOrder(string.Create(CultureInfo.InvariantCulture, $"{name} {number} after {before}, session {session}")); }
                before = number;
            }
        }
    }

    /// <summary>One stream of one sender.</summary>
    private sealed class Course
    {
        public Dictionary<long, string> Sent { get; } = [];

        public List<(long Number, string Session)> Handled { get; } = [];
    }
}
