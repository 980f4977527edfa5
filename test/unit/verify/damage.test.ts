import { FileSystemStorage, MemoryStorage } from 'kafkeep'
import { temporaryFolders } from '../../support/temporary-folders.js'
import { describeVerification } from '../../support/verify-suite.js'

const newFolder = temporaryFolders()

describeVerification('memory', async () => new MemoryStorage())
describeVerification('files', async () => new FileSystemStorage({ directory: await newFolder() }))
