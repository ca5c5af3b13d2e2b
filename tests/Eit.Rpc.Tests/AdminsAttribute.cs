using Microsoft.AspNetCore.Authorization;

namespace Eit.Rpc.Tests;

/// <summary>An attribute of one's own, which the generator does not know: what it does not find at compile time has to be found at the start.</summary>
internal sealed class AdminsAttribute : AuthorizeAttribute
{
    public AdminsAttribute() => Roles = "admin";
}
