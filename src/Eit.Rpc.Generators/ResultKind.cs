namespace Eit.Rpc.Generators;

/// <summary>How a method gives its result.</summary>
internal enum ResultKind
{
    Nothing,
    Value,
    Task,
    TaskOfValue,
    Stream,
}
