using System.Buffers.Text;
using System.Text;
using Eit.Protocol.Wire;

namespace Eit.Fuzz;

/// <summary>Values of the header in which a client says hello, before anything is known of it.</summary>
internal sealed class HeaderCase(ulong seed, FuzzSettings settings) : FuzzCase
{
    private const int InputsMax = 64;
    private readonly Chance _chance = new(seed);

    internal override FuzzTarget Target => FuzzTarget.Header;

    internal override void Run()
    {
        var forge = new FrameForge(_chance);
        while (Inputs < InputsMax)
        {
            string header = Make(forge);
            Inputs++;
            Tell?.Invoke(header);
            Hello? hello = null;
            bool isRead = false;
            Bounded(256 * 1024, () => isRead = JsonFrameReader.TryReadHelloHeader(header, out hello));
            if (isRead == (hello is null)) { throw new FuzzException("A hello was read that is none, or was not."); }
        }
    }

    private string Make(FrameForge forge)
    {
        byte[] message = settings.Corpus.Pick(WireEncoding.Json, _chance);
        List<Frame> hello = [new Frame { Type = FrameType.Hello, Body = new Hello { Instance = new InstanceId(1), Epoch = 1, Want = HelloWant.New, Timeout = TimeSpan.FromSeconds(5), MessageBytesMax = 1000, Credit = new Credit(1, 1000) } }];
        if (_chance.Flip()) { forge.Change(hello); }
        if (_chance.Flip()) { message = Frames.Write(WireEncoding.Json, hello); }
        if (_chance.Flip()) { message = ByteMutator.Mutate(message, message, _chance); }
        string header = Base64Url.EncodeToString(message);
        return _chance.Is(0.8) ? header : Encoding.Latin1.GetString(ByteMutator.Mutate(Encoding.Latin1.GetBytes(header), [], _chance));
    }
}
