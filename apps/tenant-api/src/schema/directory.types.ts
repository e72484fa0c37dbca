import { Field, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { Node, UpdateInput, connectionOf, payloadOf } from './building-blocks.js';

@ObjectType({
  implements: () => [Node],
  description: 'A group that the identity provider announced by SCIM, and the roles that it gives here.',
})
export class DirectoryGroup implements Node {
  @Field(() => ID)
  id!: string;
  @Field()
  name!: string;
  @Field(() => ID)
  identityProviderId!: string;
  @Field(() => Int)
  members!: number;
  @Field(() => [String], { description: 'Roles of everyone in it, on top of what claims give.' })
  roles!: string[];
  @Field(() => Int)
  version!: number;
}
export const DirectoryGroupConnection = connectionOf(DirectoryGroup);

@InputType()
export class SetDirectoryGroupRolesInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field(() => [String])
  roles!: string[];
}
export const SetDirectoryGroupRolesPayload = payloadOf('SetDirectoryGroupRolesPayload', {
  directoryGroup: () => DirectoryGroup,
});
