namespace Eit.Faults.Tests;

/// <summary>What a scenario needs of the machine. <c>tests/faults.sh</c> finds out what is there.</summary>
internal enum Need
{
    /// <summary>Nothing but the .NET SDK.</summary>
    Nothing,

    /// <summary>Signals to processes: Linux.</summary>
    Signals,

    /// <summary>Limits of other processes, with the program <c>prlimit</c>: Linux.</summary>
    Limits,

    /// <summary>The program <c>nginx</c>.</summary>
    Nginx,

    /// <summary>The program <c>haproxy</c>.</summary>
    Haproxy,

    /// <summary>Network namespaces with veth, nft and tbf: root.</summary>
    Namespaces,

    /// <summary>The library libfaketime.</summary>
    Faketime,
}
